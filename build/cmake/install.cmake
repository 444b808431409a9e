# What `cmake --install` puts into a prefix: the programs, and the SDK for components and applications that are
# built elsewhere: headers of the contract, one static library for each of the two kinds of program, and their
# descriptions for CMake (find_package(dapr-kit)) and pkg-config.

# dk_static_closure(RETURN LIBRARY): it and all static libraries of ours that it links, in whatever depth.
function(dk_static_closure return library)
  set(found "")
  set(open ${library})
  while(open)
    list(POP_FRONT open next)
    if(TARGET ${next} AND NOT next IN_LIST found)
      get_target_property(type ${next} TYPE)
      get_target_property(imported ${next} IMPORTED)
      if(type STREQUAL "STATIC_LIBRARY" AND NOT imported)
        list(APPEND found ${next})
        get_target_property(links ${next} LINK_LIBRARIES)
        list(APPEND open ${links})
      endif()
    endif()
  endwhile()
  set(${return} ${found} PARENT_SCOPE)
endfunction()

# dk_bundle(NAME LIBRARY): one archive of all objects behind that library, so that who links it needs to know none of
# our rings.
function(dk_bundle name library)
  dk_static_closure(libraries ${library})
  list(TRANSFORM libraries REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(${name} STATIC ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
  install(TARGETS ${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
endfunction()

dk_bundle(dapr-kit-component dk_serve_h2)
dk_bundle(dapr-kit-application dk_serve_app)

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

# Their libraries, as pkg-config calls them; protobuf-nanopb has no description of its own, and OpenSSL is loaded by
# who asks for TLS.
set(component_requires libnghttp2 libprotobuf-c)
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
