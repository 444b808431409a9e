# cmake -DINPUT=a.proto -DOUTPUT=b.proto -P messages_only.cmake: the same file without its services,
# and without "optional": protoc-c 1.4 refuses the word, and the wire is the same. What protobuf-c
# then cannot tell is absent from default.
file(READ ${INPUT} text)
string(REPLACE ";" "\\;" text "${text}")
string(REGEX REPLACE "\nservice [A-Za-z]+ {\n((  [^\n]*)?\n)*}" "" text "${text}")
if(text MATCHES "syntax = \"proto3\"")
  string(REGEX REPLACE "\n( +)optional " "\n\\1" text "${text}")
endif()
string(REPLACE "\\;" ";" text "${text}")
get_filename_component(folder ${OUTPUT} DIRECTORY)
file(MAKE_DIRECTORY ${folder})
# At once: protoc-c may be reading it for another file that imports it.
file(WRITE ${OUTPUT}.part "${text}")
file(RENAME ${OUTPUT}.part ${OUTPUT})
