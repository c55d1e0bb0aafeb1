// new-management-store: make a store and its key.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/deployment.h"
#include "lib/app/environment.h"
#include "lib/core/file.h"
#include "lib/store/store.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> service_name;
  std::optional<std::string> sip_domain;
  std::optional<std::string> realm;
  std::optional<std::string> reader_group;
};

// What the store says of itself from the start, written before anyone can see it.
Result<void> fill(Connection& store, KeyVault& vault, const Options& options) {
  TRY_ASSIGN(auto configuration, read_oauth_configuration(store));
  configuration.service_name = options.service_name;
  configuration.realm = options.realm;
  TRY(update_oauth_configuration(store, configuration));
  if (options.sip_domain) TRY(insert_sip_domain(store, {.name = *options.sip_domain, .is_default = true}));
  // The key comes before the store can be seen: a store without its key would be the worse half. A key that a
  // killed call left behind is used.
  if (!vault.exists()) TRY(vault.create());
  TRY(vault.key_id());
  return {};
}

// A key that is there already is used, so it must be one; else it must be possible to make one.
Result<void> check_key(KeyVault& vault) {
  if (!vault.exists()) return check_creatable(vault.path());
  TRY(vault.key_id());
  return {};
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto where, env.location());
  if (file_exists(where.store)) {
    return fail("Store.Exists", fmt::format("there is a store or another file at '{}' already", where.store),
                where.store, "name another path with --store, or use the one that is there");
  }
  if (options.service_name) warn_if_misspelt(env, *options.service_name);
  const NewStore request{.location = where.store, .reader_group = options.reader_group};
  TRY(check_new_store(request));
  TRY_ASSIGN(auto* vault, env.vault());
  TRY(check_key(*vault));
  TRY(env.approve("Create management store", where.store));
  if (env.what_if()) {
    TRY(env.context().session.rehearse_new_store(
        [&](Connection& store) { return fill(store, *vault, options); }));
  }
  env.do_last([request, vault, &options] {
    return create_store(request, [&](Connection& store) { return fill(store, *vault, options); });
  });
  env.emit(
      Record(kManagementStoreType)
          .add("Store", where.store)
          .add("KeyFile", where.key_file)
          .add("SchemaVersion", latest_schema_version())
          .add("ServiceName", value_or_null(options.service_name))
          .add("EffectiveRealm", options.realm ? Value(*options.realm) : value_or_null(options.sip_domain))
          .add("SipDomain", value_or_null(options.sip_domain)));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Make a management store and its key",
      .description =
          "The store is one file, made with mode 0600 in a folder of mode 0700. Its key file lies beside it: "
          "keep a copy of both, apart from each other; without the key the private keys are lost.",
      .effect = Effect::writes,
      .parameters =
          {
              parameter(
                  "ServiceName", &Options::service_name,
                  {.help = "What this deployment is: exchange, sharepoint, lync, sts or another identifier.",
                   .origin = Origin::accord,
                   .check = parse_principal}),
              parameter("SipDomain", &Options::sip_domain,
                        {.help = "The default SIP domain, which is the realm unless --realm is given.",
                         .origin = Origin::accord,
                         .check = parse_domain_name}),
              parameter(
                  "Realm", &Options::realm,
                  {.help = "The realm of this deployment.", .origin = Origin::accord, .check = parse_realm}),
              parameter("ReaderGroup", &Options::reader_group,
                        {.help = "A group that may read the store (mode 0640) but not the key.",
                         .origin = Origin::accord}),
          },
      .examples =
          {{"new-management-store --service-name lync --sip-domain litwareinc.com",
            "A store for a Lync deployment, at the place that --store, ACCORD_STORE or the default says."},
           {"new-management-store --store ./exchange/store.db --service-name exchange --realm contoso.com",
            "A store in a folder of its own, which is made if it is not there."}},
      .output = &kManagementStoreType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("new-management-store", declare);

}  // namespace
}  // namespace accord
