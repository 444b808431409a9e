# cmake -DROOT=… -DOUTPUT=dk_commit.h -DASKS=1 -P commit.cmake: the commit that a build is of, as DK_COMMIT:
# that of the environment, else the repository's, if ASKS; else "unknown".
set(commit $ENV{DK_COMMIT})
if("${commit}" STREQUAL "" AND ASKS)
  execute_process(
    COMMAND git -C ${ROOT} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT "${commit}" MATCHES "^[0-9A-Za-z._-]+$")
  set(commit unknown)
endif()
set(text "#define DK_COMMIT \"${commit}\"\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
