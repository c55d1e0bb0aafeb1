#include "lib/app/refreshing.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/app/records.h"

namespace accord {
namespace {

std::vector<std::string> thumbprints_of(const std::vector<Certificate>& keys) {
  std::vector<std::string> all;
  for (const auto& key : keys) all.push_back(key.thumbprint);
  return all;
}

std::vector<std::string> those(const std::vector<std::string>& some, const std::vector<std::string>& other,
                               bool in_both) {
  std::vector<std::string> found;
  for (const auto& one : some) {
    if ((std::ranges::find(other, one) != other.end()) == in_both) found.push_back(one);
  }
  return found;
}

// protocol.md 2.5: whoever controls the URL for a moment must not become the partner.
Result<void> refuse_strangers(const Refresh& refresh, const RefreshOptions& options,
                              const std::vector<std::string>& stored) {
  if (!refresh.kept.empty() || options.accept_new_keys || stored.empty()) return {};
  return fail(
      "Metadata.Refused",
      fmt::format("none of the keys of '{}' is in its document: stored are {}, the document has {}",
                  refresh.identity, fmt::join(stored, ", "), fmt::join(refresh.added, ", ")),
      refresh.identity,
      "ask the other side whether it has replaced its keys; then run it again with --accept-new-keys");
}

// Every reason why the document contradicts what is stored ends in the same code.
Error as_refusal(const Error& error) {
  return fail("Metadata.Refused", error.message, error.target, error.advice).value();
}

bool is_refusal(const Error& error) {
  return error.id == ErrorId("Metadata.Refused") || error.id == ErrorId("Metadata.Contradiction") ||
         error.id == ErrorId("Metadata.KeyMismatch") || error.id == ErrorId("Metadata.HostNotAllowed");
}

template <class Owner>
Result<void> take(const Result<TrustDocument>& read, const RefreshOptions& options, Instant now, Owner& owner,
                  Refresh& refresh) {
  if (!read) return tl::unexpected(read.error());
  const auto stored = thumbprints_of(owner.relation.keys);
  const auto live = thumbprints_of(read->keys);
  refresh.added = those(live, stored, false);
  refresh.removed = those(stored, live, false);
  refresh.kept = those(stored, live, true);
  TRY(check_same_issuer(read->document, owner));
  TRY(refuse_strangers(refresh, options, stored));
  return take_document(*read, owner.metadata_url, now, owner);
}

template <class Owner>
Refresh taken_again(const Result<TrustDocument>& read, const RefreshOptions& options, Instant now,
                    Owner& owner) {
  Refresh refresh{.identity = owner.identity};
  auto changed = owner;
  const auto took = take(read, options, now, changed, refresh);
  if (took) {
    owner = std::move(changed);
    refresh.result =
        refresh.added.empty() && refresh.removed.empty() ? RefreshResult::unchanged : RefreshResult::updated;
    return refresh;
  }
  const bool refused = is_refusal(took.error());
  refresh.result = refused ? RefreshResult::refused : RefreshResult::failed;
  refresh.error = refused ? as_refusal(took.error()) : took.error();
  owner.relation.last_refresh = now;
  owner.relation.last_refresh_result =
      fmt::format("{}: {}", enum_name(refresh.result), refresh.error->message);
  return refresh;
}

}  // namespace

Refresh take_again(const Result<TrustDocument>& read, const RefreshOptions& options, Instant now,
                   PartnerApplication& partner) {
  return taken_again(read, options, now, partner);
}

Refresh take_again(const Result<TrustDocument>& read, const RefreshOptions& options, Instant now,
                   OAuthServer& server) {
  return taken_again(read, options, now, server);
}

namespace {

Record to_record(const Refresh& refresh) {
  return Record(kRefreshType)
      .add("Identity", refresh.identity)
      .add("Result", std::string(enum_name(refresh.result)))
      .add("Added", refresh.added)
      .add("Removed", refresh.removed)
      .add("Kept", refresh.kept)
      .add("Detail", refresh.error ? Value(refresh.error->message) : Value());
}

// --- What the two kinds differ in

bool has_document(const PartnerApplication& partner) {
  return partner.source == TrustSource::metadata;
}
bool has_document(const OAuthServer&) {
  return true;
}

std::optional<std::string> realm_in(const PartnerApplication& partner) {
  return partner.realm;
}
std::optional<std::string> realm_in(const OAuthServer& server) {
  return server.realm;
}

struct Partners {
  using Owner = PartnerApplication;
  static constexpr std::string_view kUpdate = "Update keys of partner application";
  static constexpr std::string_view kSetVerb = "set-partner-application";
  static constexpr auto list = list_partner_applications;
  static constexpr auto stored = stored_partner;
  static constexpr auto update = update_partner_application;
};

struct Servers {
  using Owner = OAuthServer;
  static constexpr std::string_view kUpdate = "Update keys of OAuth server";
  static constexpr std::string_view kSetVerb = "set-oauth-server";
  static constexpr auto list = list_oauth_servers;
  static constexpr auto stored = stored_oauth_server;
  static constexpr auto update = update_oauth_server;
};

// --- What is to be read

Result<void> check_request(const RefreshRequest& request) {
  if (request.identity.empty() && !request.all) {
    return fail("Parameter.Missing", "--identity or --all must be given", "--identity",
                "name one, or read the documents of all with --all");
  }
  if (!request.identity.empty() && request.all)
    return fail("Parameter.Clash", "--identity and --all cannot be given together", "--all", "leave one out");
  if (request.metadata_file && (request.all || request.identity.size() > 1)) {
    return fail("Parameter.Clash", "--metadata-file holds the document of one, and several are to be read",
                "--metadata-file", "name the one that it belongs to");
  }
  return {};
}

template <class Kind>
Result<void> check_readable(const typename Kind::Owner& owner, const RefreshRequest& request) {
  if (!has_document(owner)) {
    return fail("Parameter.Clash", fmt::format("'{}' is not trusted by a metadata document", owner.identity),
                owner.identity,
                fmt::format("{} {} --metadata-url URL makes it so", Kind::kSetVerb, owner.identity));
  }
  if (owner.metadata_url || request.metadata_file) return {};
  return fail("Parameter.Missing", fmt::format("'{}' has no MetadataUrl", owner.identity), owner.identity,
              fmt::format("add --metadata-file FILE, or record the URL once: {} {} --metadata-url URL",
                          Kind::kSetVerb, owner.identity));
}

template <class Kind>
Result<std::vector<typename Kind::Owner>> chosen(Environment& env, const RefreshRequest& request) {
  TRY_ASSIGN(auto* store, env.read());
  std::vector<typename Kind::Owner> owners;
  for (const auto& identity : request.identity) {
    TRY_ASSIGN(auto owner, Kind::stored(*store, identity));
    TRY(check_readable<Kind>(owner, request));
    owners.push_back(std::move(owner));
  }
  if (!request.all) return owners;
  TRY_ASSIGN(owners, Kind::list(*store));
  std::erase_if(owners, [&](const auto& owner) {
    const bool is_left = !has_document(owner) || !owner.metadata_url;
    if (is_left) env.verbose(fmt::format("'{}' has no MetadataUrl to read", owner.identity));
    return is_left;
  });
  return owners;
}

template <class Owner>
Result<TrustDocument> read_again(Environment& env, const RefreshRequest& request, const Owner& owner) {
  DocumentOptions options = request;
  if (!options.metadata_file) options.metadata_url = owner.metadata_url;
  env.verbose(fmt::format("reading '{}'", options.metadata_file.value_or(owner.metadata_url.value_or(""))));
  return chosen_document(env, options, owner.relation, realm_in(owner));
}

// --- What comes of it

std::vector<std::string> changes_of(const Refresh& refresh) {
  std::vector<std::string> lines;
  for (const auto& one : refresh.added) lines.push_back(fmt::format("+ {}", one));
  for (const auto& one : refresh.removed) lines.push_back(fmt::format("- {}", one));
  return lines;
}

// The one that was read may have been changed meanwhile.
template <class Owner>
Result<void> check_unchanged(const Owner& before, const Owner& now) {
  if (before.id == now.id && before.metadata_url == now.metadata_url) return {};
  return fail("Store.Failed", fmt::format("'{}' was changed while its document was read", now.identity),
              now.identity, "run it again");
}

template <class Kind>
Result<Refresh> take_in(Environment& env, Connection& store, const RefreshRequest& request,
                        const typename Kind::Owner& read_for, const Result<TrustDocument>& read) {
  TRY_ASSIGN(auto owner, Kind::stored(store, read_for.identity));
  TRY(check_unchanged(read_for, owner));
  auto refresh = take_again(read, request, env.now(), owner);
  TRY(env.approve(Kind::kUpdate, owner.identity, changes_of(refresh)));
  TRY(Kind::update(store, owner));
  return refresh;
}

ExitCode code_of(const std::vector<Refresh>& all, const Environment& env) {
  ExitCode refused = ExitCode::success;
  ExitCode failed = ExitCode::success;
  for (const auto& one : all) {
    if (!one.error) continue;
    auto& first = one.result == RefreshResult::refused ? refused : failed;
    const auto code = env.tell(*one.error);
    if (first == ExitCode::success) first = code;
  }
  return refused == ExitCode::success ? failed : refused;
}

template <class Kind>
Result<ExitCode> refresh(Environment& env, const RefreshRequest& request) {
  TRY(check_request(request));
  TRY_ASSIGN(const auto owners, chosen<Kind>(env, request));
  std::vector<Result<TrustDocument>> documents;
  for (const auto& owner : owners) {
    documents.push_back(read_again(env, request, owner));
    // What the admin named and cannot be read is his own mistake, not the other side's.
    if (request.metadata_file && !documents.back() && !is_refusal(documents.back().error()))
      return tl::unexpected(documents.back().error());
    env.context().console.progress(documents.size(), owners.size(), "documents");
  }

  std::vector<Refresh> all;
  std::vector<Record> records;
  if (!owners.empty()) {
    TRY_ASSIGN(auto* store, env.write());
    for (std::size_t i = 0; i < owners.size(); ++i) {
      TRY_ASSIGN(auto one, take_in<Kind>(env, *store, request, owners[i], documents[i]));
      records.push_back(to_record(one));
      all.push_back(std::move(one));
    }
  }
  if (request.all || records.size() != 1) {
    env.emit(kRefreshType, std::move(records));
  } else {
    env.emit(std::move(records.front()));
  }
  return code_of(all, env);
}

}  // namespace

Result<ExitCode> refresh_partner_applications(Environment& env, const RefreshRequest& request) {
  return refresh<Partners>(env, request);
}

Result<ExitCode> refresh_oauth_servers(Environment& env, const RefreshRequest& request) {
  return refresh<Servers>(env, request);
}

std::vector<Parameter> refresh_parameters(std::string_view get_verb) {
  using O = RefreshRequest;
  return {
      own(parameter("Identity", &O::identity,
                    {.help = "Those whose documents are read.",
                     .first = true,
                     .check = check_exact_identity,
                     .completion = get_verb})),
      own(parameter("All", &O::all, {.help = "Every one that has a MetadataUrl."})),
      own(parameter<O>(
          "MetadataFile", &DocumentOptions::metadata_file,
          {.help = "The document as a file, or - for standard input, instead of the URL.", .type = "Path"})),
      own(parameter<O>("ExpectThumbprint", &DocumentOptions::expect_thumbprint,
                       {.help = "The document's keys must be exactly these.", .check = parse_thumbprint})),
      own(parameter<O>("AcceptNewKeys", &RefreshOptions::accept_new_keys,
                       {.help = "Take the document even if none of the stored keys is in it: ask the other "
                                "side first."})),
  };
}

}  // namespace accord
