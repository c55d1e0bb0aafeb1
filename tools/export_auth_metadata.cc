// export-auth-metadata: this deployment's own metadata document.
#include "lib/app/environment.h"
#include "lib/app/publication.h"
#include "lib/app/verb.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> output_file;
  std::optional<PublishedDocument> document;
};

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.read());
  const auto which = options.document.value_or(PublishedDocument::auth_metadata);
  TRY_ASSIGN(auto publication, publish(*store, env.now(), which));
  for (const auto& warning : publication.warnings) env.warn(warning);
  if (options.output_file) {
    TRY(env.approve("Write metadata document", *options.output_file));
    TRY(env.write_file(*options.output_file, std::move(publication.text)));
  } else {
    env.emit_text(publication.text);
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
              parameter("Document", &Options::document,
                        {.help = "Which form of it: auth-metadata for Exchange, SharePoint and Lync; "
                                 "openid-configuration and jwks for readers of OpenID Connect.",
                         .default_text = "auth-metadata",
                         .origin = Origin::accord}),
          },
      .examples = {{"export-auth-metadata --output-file lync.json", "The document to hand to a partner."},
                   {"export-auth-metadata | get-auth-metadata -", "What a partner will read in it."}},
      .run = run,
  });
}

const Registration registration("export-auth-metadata", declare);

}  // namespace
}  // namespace accord
