// update-partner-application: read a registered metadata document again.
#include "lib/app/records.h"
#include "lib/app/refreshing.h"

namespace accord {
namespace {

Verb declare() {
  return define<RefreshRequest>({
      .summary = "Read the metadata documents of partner applications again",
      .description = "Tells which keys came and went. A key that is no longer in the document stops "
                     "verifying. A document "
                     "of another issuer is refused, and so is one that has none of the known keys; a "
                     "document that cannot "
                     "be had changes no key. When it was read, and how that went, is recorded in each case.",
      .effect = Effect::writes,
      .parameters = refresh_parameters("get-partner-application --property Identity"),
      .examples = {{"update-partner-application exchange --metadata-file exchange.json",
                    "Takes the keys of a document that was brought by hand."},
                   {"update-partner-application --all", "For a timer: every document that has a URL."}},
      .output = &kRefreshType,
      .input = {.type = &kPartnerApplicationType,
                .all_at_once = true,
                .take = {{.property = "Identity", .parameter = "Identity"}}},
      .in_batch = InBatch::not_atomic,
      .run = refresh_partner_applications,
  });
}

const Registration registration("update-partner-application", declare);

}  // namespace
}  // namespace accord
