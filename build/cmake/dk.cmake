# How things of this project are built: one function per kind of target. Warnings attach to our
# own targets only; generated code is built by proto/ without them.

include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong")
# Two checkouts build the same programs, byte for byte; ccache with a base folder has made the names relative by itself.
if(NOT DEFINED ENV{CCACHE_BASEDIR})
  string(APPEND CMAKE_C_FLAGS_RELEASE " -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
endif()

option(DK_WERROR "Treat warnings as errors" ON)
set(DK_SANITIZE none CACHE STRING "none, address, thread, fuzz or coverage")
set_property(CACHE DK_SANITIZE PROPERTY STRINGS none address thread fuzz coverage)

# Flags every translation unit shares, generated code too: a sanitizer must see all of it.
add_library(dk_flags INTERFACE)
target_compile_definitions(dk_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_link_options(dk_flags INTERFACE -Wl,-z,relro,-z,now)
if(DK_SANITIZE STREQUAL "address")
  set(flags -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(DK_SANITIZE STREQUAL "thread")
  set(flags -O1 -fsanitize=thread -fno-omit-frame-pointer)
elseif(DK_SANITIZE STREQUAL "fuzz")
  set(flags -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
elseif(DK_SANITIZE STREQUAL "coverage")
  set(flags --coverage)
elseif(NOT DK_SANITIZE STREQUAL "none")
  message(FATAL_ERROR "DK_SANITIZE: '${DK_SANITIZE}' is not none, address, thread, fuzz or coverage")
endif()
target_compile_options(dk_flags INTERFACE ${flags})
target_link_options(dk_flags INTERFACE ${flags})
# What is released is linked as Debian links. Builds of hundreds of test programs take a fifth of the time by mold.
find_program(DK_MOLD mold)
if(DK_MOLD AND NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  target_link_options(dk_flags INTERFACE -fuse-ld=mold)
endif()

# A row of a table that stops early has zeros behind it, by the language: no warning for that.
add_library(dk_warnings INTERFACE)
target_compile_options(
  dk_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
            -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wcast-align -Wcast-qual
            -Wpointer-arith -Wwrite-strings -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough
            -Wnull-dereference -Wdouble-promotion -Wno-missing-field-initializers $<$<BOOL:${DK_WERROR}>:-Werror>)

# The contract, for generated code and whoever needs nothing else.
add_library(dk_contract INTERFACE)
target_include_directories(dk_contract INTERFACE ${CMAKE_SOURCE_DIR}/sdk/include)

# dk_library(NAME SOURCES … [LINK …]): a ring or a room of it, as a static library.
function(dk_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(
    ${name}
    PUBLIC ${CMAKE_SOURCE_DIR}/sdk/include
    PRIVATE ${CMAKE_SOURCE_DIR}/sdk)
  target_link_libraries(
    ${name}
    PUBLIC ${arg_LINK} dk_flags
    PRIVATE dk_warnings ${arg_PRIVATE})
endfunction()

# dk_component(BLOCK SERVER SOURCES … [LINK …]): a room, components/<block>/<server>.
function(dk_component block server)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  dk_library(dk_${block}_${server} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
  target_include_directories(dk_${block}_${server} PUBLIC ${CMAKE_SOURCE_DIR}/components)
endfunction()

# dk_program(NAME SOURCES … LINK …): an executable that serves rooms by wire/h2. The same with
# "-core" after its name carries wire/core too and obeys --transport.
function(dk_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  foreach(transport h2 core)
    if(transport STREQUAL "core")
      set(target ${name}-core)
      if(NOT TARGET dk_serve_core)
        continue()
      endif()
    else()
      set(target ${name})
    endif()
    add_executable(${target} ${arg_SOURCES})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/components)
    target_link_libraries(${target} PRIVATE ${arg_LINK} dk_serve_${transport} dk_warnings)
  endforeach()
endfunction()

# dk_app_program(NAME SOURCES … LINK …): an application, served by wire/core; it sees the contract
# and what it links.
function(dk_app_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(NOT TARGET dk_serve_app)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/app)
  target_link_libraries(${name} PRIVATE ${arg_LINK} dk_serve_app dk_warnings)
endfunction()

option(DK_TESTS "Build the tests; what runs and what measures is built without them" ON)
if(DK_TESTS)
  pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
endif()
# Linked behind dk_warnings: a target's own options would stand before them and lose.
add_library(dk_test_warnings INTERFACE)
target_compile_options(
  dk_test_warnings
  INTERFACE -Wno-conversion -Wno-sign-conversion -Wno-pedantic -Wno-switch-enum
            -Wno-missing-prototypes -Wno-cast-qual -Wno-null-dereference -Wno-write-strings
            $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
# dk_criterion(NAME SOURCES … [LINK …]): a Criterion program, without CTest entries.
function(dk_criterion name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(
    ${name} PRIVATE ${CMAKE_SOURCE_DIR}/sdk ${CMAKE_SOURCE_DIR}/components ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(
    ${name} PRIVATE ${arg_LINK} dk_warnings dk_test_warnings PkgConfig::CRITERION)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

# dk_test(NAME SOURCES … [LINK …]): a Criterion program under tests/unit; each of its cases is a
# CTest entry of its own, "suite/case". A case is a line that begins with "Test(suite, case".
function(dk_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  # Criterion cannot start under the thread sanitizer, and libFuzzer brings its own main.
  if(DK_SANITIZE STREQUAL "thread" OR DK_SANITIZE STREQUAL "fuzz")
    return()
  endif()
  dk_criterion(${name} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
  foreach(source ${arg_SOURCES})
    file(STRINGS ${source} lines REGEX "^Test\\(")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    foreach(line ${lines})
      if(line MATCHES "^Test\\(([a-z0-9_]+), ([a-z0-9_]+)")
        add_test(NAME ${CMAKE_MATCH_1}/${CMAKE_MATCH_2}
                 COMMAND ${name} --filter ${CMAKE_MATCH_1}/${CMAKE_MATCH_2} --jobs 1)
        set_tests_properties(${CMAKE_MATCH_1}/${CMAKE_MATCH_2} PROPERTIES TIMEOUT 60 LABELS unit)
      endif()
    endforeach()
  endforeach()
endfunction()

# dk_drives(TEST PROGRAM …): the test starts these programs; it finds them in the folder DK_PROGRAMS.
function(dk_drives test)
  if(TARGET ${test})
    target_compile_definitions(${test} PRIVATE DK_PROGRAMS="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    foreach(program ${ARGN})
      if(TARGET ${program})
        add_dependencies(${test} ${program})
      endif()
    endforeach()
  endif()
endfunction()

# What a stress program counts for where several tests run at once: as many as DK_TESTS_PER_PROCESSOR of
# build/dev/test.sh, for it keeps its threads busy where most tests wait.
set(DK_STRESS_PROCESSORS 4)

# dk_stress(NAME SOURCES … [LINK …]): a plain main() with threads, for the thread sanitizer too.
function(dk_stress name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(DK_SANITIZE STREQUAL "fuzz")
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(
    ${name} PRIVATE ${CMAKE_SOURCE_DIR}/sdk ${CMAKE_SOURCE_DIR}/components ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINK} dk_warnings Threads::Threads)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/stress)
  add_test(NAME stress/${name} COMMAND ${name})
  set_tests_properties(
    stress/${name}
    PROPERTIES TIMEOUT 300
               LABELS stress
               PROCESSORS ${DK_STRESS_PROCESSORS}
               ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/build/ci/tsan.supp:halt_on_error=1")
endfunction()

# All that the fuzz preset builds; without it the preset would want every program and library under clang.
if(DK_SANITIZE STREQUAL "fuzz")
  add_custom_target(fuzz)
endif()

# dk_fuzz(NAME SOURCES … [LINK …]): a libFuzzer target with its corpus in tests/fuzz/corpus/<name>.
# In every other preset the same target is a test that runs the corpus once.
function(dk_fuzz name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(DK_SANITIZE STREQUAL "thread")
    return()
  endif()
  if(DK_SANITIZE STREQUAL "fuzz")
    add_executable(fuzz_${name} ${arg_SOURCES})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz fuzz_${name})
  else()
    add_executable(fuzz_${name} ${arg_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    file(GLOB seeds ${corpus}/*)
    add_test(NAME fuzz/${name}_corpus COMMAND fuzz_${name} ${seeds})
    set_tests_properties(fuzz/${name}_corpus PROPERTIES TIMEOUT 60 LABELS unit)
  endif()
  target_include_directories(
    fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/sdk ${CMAKE_SOURCE_DIR}/components ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(fuzz_${name} PRIVATE ${arg_LINK} dk_warnings)
  target_compile_options(fuzz_${name} PRIVATE -Wno-missing-prototypes)
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

# dk_bench(NAME SOURCES … [LINK …]): a measuring program; `./dev bench` runs it from release.
function(dk_bench name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(DK_SANITIZE STREQUAL "fuzz")
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(
    ${name} PRIVATE ${CMAKE_SOURCE_DIR}/sdk ${CMAKE_SOURCE_DIR}/components ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINK} dk_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()
