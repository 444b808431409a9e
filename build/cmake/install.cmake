# What `cmake --install` puts into a prefix: the programs, and the SDK for components and applications that are
# built elsewhere: headers of the contract, one static library for each of the two kinds of program, and their
# descriptions for CMake (find_package(dapr-kit)) and pkg-config.

# dk_bundle(NAME LIBRARY …): one archive of all objects of these, so that who links it needs to know none of our rings.
function(dk_bundle name)
  list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(${name} STATIC ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
  install(TARGETS ${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
endfunction()

set(everywhere dk_core dk_nanopb dk_pbc dk_proto_pbc dk_proto_well_known dk_grpc dk__component_protos dk_h2 dk_otlp)
dk_bundle(dapr-kit-component ${everywhere} dk_serve_h2)
dk_bundle(
  dapr-kit-application
  ${everywhere}
  dk_app
  dk_app_codec
  dk_daprd
  dk_daprd_messages
  dk_json
  dk_otlp_core
  dk_proto_daprd
  dk_proto_invoke
  dk_wire_core
  dk__callback_protos
  dk_serve_app)

set(cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/dapr-kit)
set(share_folder ${CMAKE_INSTALL_DATADIR}/dapr-kit)
install(DIRECTORY sdk/include/dk DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
# What an application that speaks of times, durations or values includes of the well-known messages.
install(
  DIRECTORY ${CMAKE_BINARY_DIR}/proto/generated/google/protobuf
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dapr-kit/google
  COMPONENT sdk
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "descriptor.pb-c.h" EXCLUDE)
install(DIRECTORY proto/dapr proto/google proto/grpc DESTINATION ${share_folder}/proto COMPONENT sdk
        PATTERN "testing" EXCLUDE)
install(FILES build/cmake/protos.cmake build/cmake/messages_only.cmake build/cmake/descriptors.py
        DESTINATION ${cmake_folder} COMPONENT sdk)

# Their libraries, as pkg-config calls them; protobuf-nanopb has no description of its own.
set(component_requires libnghttp2 openssl libprotobuf-c)
set(application_requires ${component_requires} grpc jansson)
include(CMakePackageConfigHelpers)
configure_package_config_file(
  build/cmake/dapr-kit-config.cmake.in ${CMAKE_BINARY_DIR}/install/dapr-kit-config.cmake
  INSTALL_DESTINATION ${cmake_folder}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR share_folder)
# 0.x: what is called 0.1 says nothing of 0.2.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/install/dapr-kit-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/install/dapr-kit-config.cmake ${CMAKE_BINARY_DIR}/install/dapr-kit-config-version.cmake
        DESTINATION ${cmake_folder} COMPONENT sdk)
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /) # a prefix may move
foreach(kind component application)
  list(JOIN ${kind}_requires " " requires)
  configure_file(build/cmake/dapr-kit.pc.in ${CMAKE_BINARY_DIR}/install/dapr-kit-${kind}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/install/dapr-kit-${kind}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
          COMPONENT sdk)
endforeach()

install(TARGETS dk-redis dk-kafka dk-memory dk-document dk-compute RUNTIME COMPONENT programs)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs OPTIONAL)
