# How modules, programs and functions are declared. A folder's CMakeLists.txt is one call.
#
#   splc_module(twin USES base json LIBRARIES sqlite3)
#   splc_program(splc-edge USES scan server)
#   splc_function(automatic USES function)      in plants/PLANT/functions/automatic
#
# USES names other modules; LIBRARIES are pkg-config packages. The rules of the layers are checked here, at
# configure time; those of the include lines in cmake/check-layout.cmake, at configure time and as a test.

include(CMakeParseArguments)
find_package(PkgConfig REQUIRED)

# Tests that `./test quick` leaves out: they take more than a few seconds.
set(SPLC_SLOW_TESTS test_api test_twins test_twins_crash test_twins_share test_twins_trouble test_functions test_invocations test_up test_gateway
    test_model_large test_opcua_subscription test_http_server test_stale_lease test_fuzzing_client
    test_gateway_conformance test_devices)
# What each layer may use. Tiers use themselves and what is below; they meet on the wire.
set(SPLC_MAY_USE_lib lib)
set(SPLC_MAY_USE_services services lib)
set(SPLC_MAY_USE_edge edge lib)
set(SPLC_MAY_USE_fog fog services lib)
set(SPLC_MAY_USE_cloud cloud services lib)
set(SPLC_MAY_USE_cli cli lib)
set(SPLC_MAY_USE_plants plants lib)
set(SPLC_MAY_USE_bench bench edge fog cloud services lib)
set(SPLC_MAY_USE_tests tests edge fog cloud services lib cli)

function(splc_layer_of folder ret_layer)
    file(RELATIVE_PATH relative ${PROJECT_SOURCE_DIR} ${folder})
    string(REGEX REPLACE "/.*" "" layer ${relative})
    set(${ret_layer} ${layer} PARENT_SCOPE)
endfunction()

function(splc_note_module name)
    splc_layer_of(${CMAKE_CURRENT_SOURCE_DIR} layer)
    set_property(GLOBAL APPEND PROPERTY SPLC_MODULES ${name})
    set_property(GLOBAL PROPERTY SPLC_LAYER_${name} ${layer})
    set_property(GLOBAL PROPERTY SPLC_FOLDER_${name} ${CMAKE_CURRENT_SOURCE_DIR})
    set_property(GLOBAL PROPERTY SPLC_USES_${name} ${ARGN})
endfunction()

function(splc_link target uses libraries)
    foreach(module IN LISTS uses)
        target_link_libraries(${target} PUBLIC ${module})
    endforeach()
    foreach(package IN LISTS libraries)
        string(MAKE_C_IDENTIFIER ${package} id)
        if(NOT TARGET PkgConfig::SPLC_${id})
            pkg_check_modules(SPLC_${id} REQUIRED IMPORTED_TARGET GLOBAL ${package})
        endif()
        target_link_libraries(${target} PRIVATE PkgConfig::SPLC_${id})
    endforeach()
endfunction()

function(splc_tests target)
    if(NOT SPLC_TESTS OR SPLC_FUZZ)
        return()
    endif()
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/test_*.c)
    # A file in tests/ that does not start with test_ serves all tests of the module.
    file(GLOB helpers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/*.c)
    list(FILTER helpers EXCLUDE REGEX "/test_[^/]*$")
    foreach(file IN LISTS tests)
        get_filename_component(name ${file} NAME_WE)
        string(REGEX REPLACE "^test_" "test_${SPLC_TEST_PREFIX}" name ${name})
        add_executable(${name} ${file} ${helpers})
        target_link_libraries(${name} PRIVATE ${target} ${ARGN} cmocka)
        target_compile_definitions(${name} PRIVATE
            TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/tests/data"
            SOURCE_FOLDER="${PROJECT_SOURCE_DIR}"
            BINARY_FOLDER="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
        add_test(NAME ${name} COMMAND ${name})
        set_tests_properties(${name} PROPERTIES TIMEOUT 300)
        if(name IN_LIST SPLC_SLOW_TESTS)
            set_tests_properties(${name} PROPERTIES LABELS slow COST 100) # first, for they are the longest
        endif()
    endforeach()
endfunction()

# fuzz/fuzz_x.c with its seeds: a libFuzzer program in the fuzz preset, and everywhere a test that runs the seeds.
function(splc_fuzzers target)
    if(NOT SPLC_TESTS)
        return()
    endif()
    file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/fuzz_*.c)
    foreach(file IN LISTS fuzzers)
        get_filename_component(name ${file} NAME_WE)
        set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/${name})
        string(REGEX REPLACE "^fuzz_" "fuzz_${SPLC_TEST_PREFIX}" name ${name})
        if(SPLC_FUZZ)
            add_executable(${name} ${file})
            target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        else()
            add_executable(${name} ${file} ${PROJECT_SOURCE_DIR}/cmake/run_seeds.c)
        endif()
        target_compile_definitions(${name} PRIVATE SOURCE_FOLDER="${PROJECT_SOURCE_DIR}")
        target_link_libraries(${name} PRIVATE ${target} ${ARGN})
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
        if(SPLC_FUZZ)
            add_test(NAME ${name} COMMAND ${name} -max_total_time=${SPLC_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
                ${PROJECT_BINARY_DIR}/corpus/${name} ${seeds})
            file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/corpus/${name})
        else()
            add_test(NAME ${name} COMMAND ${name} ${seeds})
        endif()
        set_tests_properties(${name} PROPERTIES LABELS fuzz)
    endforeach()
endfunction()

function(splc_module name)
    cmake_parse_arguments(MODULE "" "" "USES;LIBRARIES;TEST_USES" ${ARGN})
    splc_note_module(${name} ${MODULE_USES})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.c)
    if(NOT sources) # headers only
        add_library(${name} INTERFACE)
        target_include_directories(${name} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/include)
        target_link_libraries(${name} INTERFACE ${MODULE_USES})
        return()
    endif()
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include
        PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
    splc_link(${name} "${MODULE_USES}" "${MODULE_LIBRARIES}")
    splc_tests(${name} ${MODULE_TEST_USES})
    splc_fuzzers(${name})
endfunction()

function(splc_program name)
    cmake_parse_arguments(PROGRAM "" "" "USES;LIBRARIES;TEST_USES" ${ARGN})
    splc_note_module(${name} ${PROGRAM_USES})
    # All but main.c is a library, so that tests can reach it.
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.c)
    set(inner ${PROGRAM_USES})
    if(sources)
        add_library(${name}-inner STATIC ${sources})
        target_include_directories(${name}-inner PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/src)
        splc_link(${name}-inner "${PROGRAM_USES}" "${PROGRAM_LIBRARIES}")
        set(inner ${name}-inner)
    endif()
    add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/main.c)
    target_link_libraries(${name} PRIVATE ${inner})
    if(sources)
        splc_tests(${name}-inner ${PROGRAM_TEST_USES})
        splc_fuzzers(${name}-inner)
    endif()
endfunction()

# A function of a plant: an executable `bootstrap` in BUILD/functions/PLANT/NAME/. Sources beside the CMakeLists.txt.
# PLANT is the folder of the plant, so that a copied plant has functions of its own; its tests are called
# test_PLANT_NAME.
function(splc_function name)
    cmake_parse_arguments(FUNCTION "" "" "USES" ${ARGN})
    cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH plant)
    cmake_path(GET plant PARENT_PATH plant)
    cmake_path(GET plant FILENAME plant)
    set(target ${plant}-${name})
    set(SPLC_TEST_PREFIX ${plant}_)
    splc_note_module(${target} ${FUNCTION_USES})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    set(main ${CMAKE_CURRENT_SOURCE_DIR}/${name}.c)
    list(REMOVE_ITEM sources ${main})
    add_library(${target}-inner STATIC ${sources})
    target_include_directories(${target}-inner PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    splc_link(${target}-inner "${FUNCTION_USES}" "")
    add_executable(${target} ${main})
    target_link_libraries(${target} PRIVATE ${target}-inner)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME bootstrap
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/functions/${plant}/${name})
    splc_tests(${target}-inner)
    splc_fuzzers(${target}-inner)
endfunction()

# Called once all modules are declared.
function(splc_check_layers)
    get_property(modules GLOBAL PROPERTY SPLC_MODULES)
    set(table "")
    foreach(module IN LISTS modules)
        get_property(layer GLOBAL PROPERTY SPLC_LAYER_${module})
        get_property(folder GLOBAL PROPERTY SPLC_FOLDER_${module})
        get_property(uses GLOBAL PROPERTY SPLC_USES_${module})
        file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${folder})
        foreach(used IN LISTS uses)
            if(NOT used IN_LIST modules)
                message(FATAL_ERROR "${folder} uses '${used}', but no folder declares that module.\n"
                    "Declare it with splc_module(${used}) in its own folder, or correct the name in ${folder}/CMakeLists.txt.")
            endif()
            get_property(used_layer GLOBAL PROPERTY SPLC_LAYER_${used})
            get_property(used_folder GLOBAL PROPERTY SPLC_FOLDER_${used})
            file(RELATIVE_PATH used_folder ${PROJECT_SOURCE_DIR} ${used_folder})
            if(NOT used_layer IN_LIST SPLC_MAY_USE_${layer})
                string(REPLACE ";" ", " allowed "${SPLC_MAY_USE_${layer}}")
                message(FATAL_ERROR "${folder} uses ${used_folder}: tiers meet only on the wire.\n"
                    "'${layer}' may use: ${allowed}. Move what both need to lib/, or let them talk over OPC UA, the bus "
                    "or HTTP and write the contract to docs/spec/.")
            endif()
        endforeach()
        string(REPLACE ";" "," uses "${uses}")
        string(APPEND table "${module}|${layer}|${folder}|${uses}\n")
    endforeach()
    file(WRITE ${PROJECT_BINARY_DIR}/layout.txt "${table}")
    execute_process(COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DTABLE=${PROJECT_BINARY_DIR}/layout.txt
        -P ${PROJECT_SOURCE_DIR}/cmake/check-layout.cmake RESULT_VARIABLE result ERROR_VARIABLE message)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${message}")
    endif()
    add_test(NAME layout COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DTABLE=${PROJECT_BINARY_DIR}/layout.txt
        -P ${PROJECT_SOURCE_DIR}/cmake/check-layout.cmake)
endfunction()
