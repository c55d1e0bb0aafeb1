# Writes FOLDER/*.sql into OUTPUT, a C++ source, in the order of their numbers: the program needs no files to make or
# migrate a store.
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)

set(steps "")
set(expected 1)
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])-[a-z0-9-]+\\.sql$")
    message(FATAL_ERROR "${name}: a step is named NNNN-what.sql")
  endif()
  math(EXPR number "1${CMAKE_MATCH_1} - 10000")
  if(NOT number EQUAL expected)
    message(FATAL_ERROR "${name}: the next step is number ${expected}")
  endif()
  math(EXPR expected "${expected} + 1")
  file(READ ${file} sql)
  # SQLite keeps the text of a table and reads it again at every start: comments and alignment would cost there. So no
  # SQL here may have "--" or two blanks inside a literal.
  string(REGEX REPLACE " *--[^\n]*" "" sql "${sql}")
  string(REGEX REPLACE "  +" " " sql "${sql}")
  string(REGEX REPLACE "\n\n+" "\n" sql "${sql}")
  string(APPEND steps "    {${number}, R\"sql(${sql})sql\"},\n")
endforeach()

file(WRITE ${OUTPUT} "// Made from schemas/store at build time.
#include \"lib/store/migrations.h\"

namespace accord {
namespace {

constexpr Migration kMigrations[] = {
${steps}};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

}  // namespace accord
")
