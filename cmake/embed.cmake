# Puts the files of a folder into a program, so that none can be missing where it runs.
#
#   splc_embed(api console ${PROJECT_SOURCE_DIR}/console)
#
# gives the module `api` a header `console_files.h` with `console_files[]` and `console_file_count`: path ("/a.js"),
# bytes, length and an entity tag of each file. Made again whenever a file changes.
# The second half of this file is that step: cmake -DNAME=... -DFOLDER=... -DOUT=... -P embed.cmake

if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(SPLC_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

    function(splc_embed target name folder)
        file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*)
        set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded)
        add_custom_command(
            OUTPUT ${out}/${name}_files.c ${out}/${name}_files.h
            COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DFOLDER=${folder} -DOUT=${out} -P ${SPLC_EMBED_SCRIPT}
            DEPENDS ${files} ${SPLC_EMBED_SCRIPT}
            COMMENT "Embedding ${name}/")
        target_sources(${target} PRIVATE ${out}/${name}_files.c ${out}/${name}_files.h)
        target_include_directories(${target} PRIVATE ${out})
    endfunction()
    return()
endif()

file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS files)
    file(READ ${FOLDER}/${file} hex HEX)
    file(SHA256 ${FOLDER}/${file} hash)
    string(SUBSTRING ${hash} 0 16 tag)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REPEAT "0x..," 24 line)
    string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
    string(APPEND arrays "static const unsigned char file_${number}[] = {\n${bytes}0};\n")
    string(APPEND rows "    {\"/${file}\", \"\\\"${tag}\\\"\", file_${number}, sizeof file_${number} - 1},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT}/${NAME}_files.h "#pragma once
#include <stddef.h>

struct embedded_file {
    const char *path;
    const char *etag; // with its quotes
    const unsigned char *data;
    size_t length;
};
extern const struct embedded_file ${NAME}_files[];
extern const size_t ${NAME}_file_count;
")
file(WRITE ${OUT}/${NAME}_files.c "#include \"${NAME}_files.h\"

${arrays}
const struct embedded_file ${NAME}_files[] = {
${rows}};
const size_t ${NAME}_file_count = ${number};
")
