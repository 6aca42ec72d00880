# Compiler settings and the functions every folder uses: shoal_floor, shoal_program, shoal_test, shoal_fuzz.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

option(SHOAL_WERROR "Treat warnings as errors" ON)
set(SHOAL_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(SHOAL_COVERAGE "Instrument for coverage" OFF)
option(SHOAL_FUZZ "Build the libFuzzer targets (clang only)" OFF)

# Paths relative to the tree, and no build directory in the hash: clones and presets share what was compiled once.
find_program(SHOAL_CCACHE ccache)
if(SHOAL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    ${SHOAL_CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(shoal_options INTERFACE)
target_compile_options(shoal_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-field-initializers
  # __FILE__ and debug information name files from the root of the tree, wherever it was built.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(SHOAL_WERROR)
  target_compile_options(shoal_options INTERFACE -Werror)
endif()
if(SHOAL_SANITIZE)
  target_compile_options(shoal_options INTERFACE -fsanitize=${SHOAL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(shoal_options INTERFACE -fsanitize=${SHOAL_SANITIZE})
endif()
if(SHOAL_FUZZ)
  target_compile_options(shoal_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SHOAL_COVERAGE)
  target_compile_options(shoal_options INTERFACE --coverage)
  target_link_options(shoal_options INTERFACE --coverage)
endif()

# shoal_floor(NAME SOURCES file... [DEPENDS floor...] [LIBRARIES vendor...])
# One folder below src/ is one static library, shoal_NAME; vendor libraries stay private to it.
function(shoal_floor name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(shoal_${name} STATIC ${ARG_SOURCES})
  target_include_directories(shoal_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPENDS PREPEND shoal_)
  target_link_libraries(shoal_${name} PUBLIC ${ARG_DEPENDS} PRIVATE shoal_options ${ARG_LIBRARIES})
endfunction()

# shoal_program(NAME SOURCES file... [DEPENDS floor...] [LIBRARIES vendor...])
# One executable, NAME.
function(shoal_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPENDS PREPEND shoal_)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} shoal_options ${ARG_LIBRARIES})
endfunction()

# shoal_test(NAME SOURCES file... DEPENDS floor... [LIBRARIES vendor...])
# One executable, NAME_tests; each of its GoogleTest cases is a ctest test, labelled with NAME.
function(shoal_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_executable(${name}_tests ${ARG_SOURCES})
  target_include_directories(${name}_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name}_tests PRIVATE SHOAL_TEST_DATA="${PROJECT_SOURCE_DIR}/tests")
  list(TRANSFORM ARG_DEPENDS PREPEND shoal_)
  target_link_libraries(${name}_tests PRIVATE ${ARG_DEPENDS} shoal_options GTest::gmock GTest::gtest_main rapidcheck
    ${ARG_LIBRARIES})
  gtest_discover_tests(${name}_tests NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS ${name})
endfunction()

# shoal_fuzz(NAME SOURCES file... DEPENDS floor... [LIBRARIES vendor...])
# One executable, NAME_fuzz: libFuzzer with SHOAL_FUZZ; otherwise tests/fuzz/regression_main.cpp, as a ctest test.
function(shoal_fuzz name)
  shoal_program(${name}_fuzz ${ARGN})
  target_sources(${name}_fuzz PRIVATE vector_file.cpp)
  target_include_directories(${name}_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name}_fuzz PRIVATE SHOAL_TEST_DATA="${PROJECT_SOURCE_DIR}/tests")
  if(SHOAL_FUZZ)
    target_sources(${name}_fuzz PRIVATE seed_writer.cpp)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name}_fuzz PRIVATE regression_main.cpp)
    add_test(NAME fuzz.${name} COMMAND ${name}_fuzz)
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
endfunction()
