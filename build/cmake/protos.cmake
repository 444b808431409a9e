# From descriptions of messages to C. Included by this project's own build, and by that of whoever uses
# the installed SDK, where dapr-kit-config.cmake says where the SDK's descriptions lie (dk_proto_folder).

find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_C protoc-c REQUIRED)
find_package(Python3 REQUIRED GLOBAL COMPONENTS Interpreter)
# Debian's libprotobuf-dev has them.
find_path(DK_WELL_KNOWN_PROTOS google/protobuf/any.proto REQUIRED)

# dk_proto_library(NAME FILE …): protobuf-c's structs for the messages of these files, as a library; they
# are included by <path of the file>.pb-c.h. A file lies in the folder of the caller, or is a well-known one; files
# that import each other belong into one call. Services are left out: what a route answers is the application's table, and protobuf-c gives
# a service's method "Init" and the service's own initialiser one name.
function(dk_proto_library name)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
  set(messages ${CMAKE_CURRENT_BINARY_DIR}/messages)
  set(strip ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/messages_only.cmake)
  file(MAKE_DIRECTORY ${generated} ${messages})
  set(sources "")
  list(TRANSFORM ARGN PREPEND ${messages}/ OUTPUT_VARIABLE imports) # of each other
  foreach(file ${ARGN})
    string(REGEX REPLACE "\\.proto$" ".pb-c" stem ${file})
    set(input ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    if(NOT EXISTS ${input})
      set(input ${DK_WELL_KNOWN_PROTOS}/${file})
    endif()
    if(NOT EXISTS ${input})
      message(FATAL_ERROR "dk_proto_library: ${name}: there is no ${file} in ${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
    add_custom_command(
      OUTPUT ${messages}/${file}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${messages}/${file} -P ${strip}
      DEPENDS ${input} ${strip}
      VERBATIM)
    add_custom_command(
      OUTPUT ${generated}/${stem}.c ${generated}/${stem}.h
      COMMAND ${PROTOC_C} --proto_path=${messages} --proto_path=${CMAKE_CURRENT_SOURCE_DIR}
              --proto_path=${DK_WELL_KNOWN_PROTOS} --c_out=${generated} ${file}
      DEPENDS ${imports}
      VERBATIM)
    list(APPEND sources ${generated}/${stem}.c)
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC ${generated})
  get_property(links GLOBAL PROPERTY dk_proto_links)
  target_link_libraries(${name} PUBLIC ${links})
endfunction()

# dk_descriptors(NAME FILE …): what server reflection shows, as a library NAME with the constant NAME, which
# <dapr_kit/NAME.h> declares: these files with all that they import, and those that every program serves: health,
# reflection, and the details of errors, which tools ask for when they show an error.
function(dk_descriptors name)
  get_property(folder GLOBAL PROPERTY dk_proto_folder)
  get_property(links GLOBAL PROPERTY dk_proto_links)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/descriptors.py)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name})
  file(GLOB_RECURSE descriptions CONFIGURE_DEPENDS ${folder}/*.proto)
  foreach(file ${ARGN})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      list(APPEND descriptions ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    endif()
  endforeach()
  add_custom_command(
    OUTPUT ${output}/${name}.c
    COMMAND ${PROTOC} --proto_path=${CMAKE_CURRENT_SOURCE_DIR} --proto_path=${folder}
            --proto_path=${DK_WELL_KNOWN_PROTOS} --include_imports --include_source_info
            --descriptor_set_out=${output}/${name}.set ${ARGN} google/rpc/error_details.proto
            google/rpc/status.proto grpc/health/v1/health.proto grpc/reflection/v1/reflection.proto
            grpc/reflection/v1alpha/reflection.proto
    COMMAND Python3::Interpreter ${script} ${output}/${name}.set ${output}/${name}.c ${name}
    DEPENDS ${descriptions} ${script}
    VERBATIM)
  file(CONFIGURE OUTPUT ${output}/dapr_kit/${name}.h
       CONTENT "/* Made by dk_descriptors() of protos.cmake. */\n#include <dk/descriptors.h>\n#ifdef __cplusplus\nextern \"C\" {\n#endif\nextern const struct dk_descriptors ${name};\n#ifdef __cplusplus\n}\n#endif\n")
  add_library(${name} STATIC ${output}/${name}.c)
  target_include_directories(${name} PUBLIC ${output})
  target_link_libraries(${name} PUBLIC ${links})
endfunction()

# dk_protos(NAME FILE …): the same for an application, with what daprd asks of it.
function(dk_protos name)
  dk_descriptors(${name} ${ARGN} dapr/proto/runtime/v1/appcallback.proto)
endfunction()
