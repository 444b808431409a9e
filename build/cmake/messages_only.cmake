# cmake -DINPUT=a.proto -DOUTPUT=b.proto -P messages_only.cmake: the same file without its services.
file(READ ${INPUT} text)
string(REPLACE ";" "\\;" text "${text}")
string(REGEX REPLACE "\nservice [A-Za-z]+ {[^}]*}" "" text "${text}")
string(REPLACE "\\;" ";" text "${text}")
get_filename_component(folder ${OUTPUT} DIRECTORY)
file(MAKE_DIRECTORY ${folder})
file(WRITE ${OUTPUT} "${text}")
