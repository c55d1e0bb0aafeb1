// export-auth-metadata: this deployment's own metadata document.
#include "lib/app/publication.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> output_file;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(const auto document, our_metadata(env, *store));
  auto text = write_auth_metadata(document);
  if (options.output_file) {
    TRY(env.approve("Write metadata document", *options.output_file));
    TRY(env.write_file(*options.output_file, std::move(text)));
  } else {
    env.emit_text(text);
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Write this deployment's own metadata document",
      .description =
          "What a partner registers: our name, our published keys, where the document is. Byte for byte the "
          "same for the same state. Private keys are not read.",
      .parameters =
          {
              parameter("OutputFile", &Options::output_file,
                        {.help = "Where to write it; standard output without.",
                         .type = "Path",
                         .origin = Origin::accord,
                         .writes_file = true}),
              refused_parameter("Document",
                                "auth-metadata is the only document in this version; leave it out"),
          },
      .examples = {{"export-auth-metadata --output-file lync.json", "The document to hand to a partner."},
                   {"export-auth-metadata | get-auth-metadata -", "What a partner will read in it."}},
      .run = run,
  });
}

const Registration registration("export-auth-metadata", declare);

}  // namespace
}  // namespace accord
