/// The commands below `splc model`. Each is a file of its own, with options and help page as any other command.
#pragma once

int model_check(int argc, char **argv);
int model_show(int argc, char **argv);
int model_export(int argc, char **argv);
int model_diff(int argc, char **argv);
int model_inspect(int argc, char **argv);
int model_convert(int argc, char **argv);
int model_import(int argc, char **argv);
int model_generate(int argc, char **argv);
