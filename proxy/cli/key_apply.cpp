// deepseek keys apply: a proxy's keys become what a file says. First all of it is judged, then
// shown, then asked for, then done; each change only to the version that was read.
#include <istream>
#include <map>
#include <ostream>

#include "proxy/cli/apply_page.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/key_subcommands.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

namespace http = boost::beast::http;

struct apply_words {
  std::string file;
  bool dry_run = false;
  bool prune = false;
  bool sure = false;
};

std::string tag_of(std::int64_t version) {
  return "\"" + std::to_string(version) + "\"";
}

// What was done, step by step: told even if a later step fails, for secrets are shown only once.
class performer {
 public:
  explicit performer(session& with) : with_(with) {}

  result<void> perform(const planned_key& step);
  json::object done(const apply_plan& plan) const;

 private:
  result<void> create(const planned_key& step);
  result<void> set_status(const planned_key& step, const std::string& id, std::int64_t version);

  session& with_;
  std::map<std::string, std::string> ids_; // of created keys, by name
  json::array created_;
  json::array changed_;
  json::array deactivated_;
};

result<void> performer::set_status(const planned_key& step, const std::string& id,
                                   std::int64_t version) {
  const std::string call = step.status == "active" ? "/activate" : "/deactivate";
  const auto after =
      with_.calls.send(http::verb::post, "/v1/keys/" + id + call, {}, tag_of(version));
  if (!after)
    return after.error();
  return {};
}

result<void> performer::create(const planned_key& step) {
  json::object fields = step.fields;
  if (!step.parent.empty()) {
    const auto made = ids_.find(step.parent);
    fields["parent"] = made == ids_.end() ? step.parent : made->second;
  }
  const auto made = with_.calls.send(http::verb::post, "/v1/keys", fields);
  if (!made)
    return made.error();
  const std::string id = text(made->body, "id");
  const std::string secret = text(made->body, "key");
  ids_[step.name] = id;
  created_.push_back({{"name", step.name}, {"id", id}, {"key", member(made->body, "key")}});
  if (with_.quiet && !with_.json)
    with_.io.out << harmless(step.name) << " " << (secret.empty() ? id : secret) << std::endl;
  else if (!with_.json)
    with_.io.out << "Created " << id << " (" << harmless(step.name) << ")."
                 << (secret.empty() ? "" : "\n\n  " + secret + "\n") << std::endl;
  if (step.status.empty())
    return {};
  return set_status(step, id, integer(made->body, "version"));
}

result<void> performer::perform(const planned_key& step) {
  if (step.what == apply_step::create)
    return create(step);
  std::int64_t version = step.version;
  if (!step.fields.empty()) {
    const auto after =
        with_.calls.send(http::verb::patch, "/v1/keys/" + step.id, step.fields, tag_of(version));
    if (!after)
      return after.error();
    version = integer(after->body, "version");
  }
  if (!step.status.empty())
    if (auto set = set_status(step, step.id, version); !set)
      return set;
  if (step.what == apply_step::change)
    changed_.push_back({{"name", step.name}, {"id", step.id}, {"changes", step.difference}});
  else
    deactivated_.push_back({{"name", step.name}, {"id", step.id}});
  return {};
}

json::object performer::done(const apply_plan& plan) const {
  return {{"dry_run", false},
          {"created", created_},
          {"changed", changed_},
          {"deactivated", deactivated_},
          {"unchanged", plan.unchanged}};
}

json::object dry(const apply_plan& plan) {
  json::array lists[3];
  for (const planned_key& step : plan.steps) {
    json::object row{{"name", step.name}};
    if (!step.id.empty())
      row["id"] = step.id;
    if (step.what != apply_step::deactivate)
      row[step.what == apply_step::create ? "settings" : "changes"] = step.difference;
    lists[static_cast<std::size_t>(step.what)].push_back(std::move(row));
  }
  return {{"dry_run", true},
          {"created", lists[0]},
          {"changed", lists[1]},
          {"deactivated", lists[2]},
          {"unchanged", plan.unchanged}};
}

result<void> confirm(session& with, const apply_words& words) {
  if (words.sure)
    return {};
  if (!with.io.can_ask || words.file == "-")
    return complaint{exit_usage,
                     "nothing was changed: nobody can be asked here, confirm with --yes "
                     "(or look with --dry-run)"};
  with.io.err << "Apply this? [y/N] " << std::flush;
  std::string word;
  std::getline(with.io.in, word);
  if (word != "y" && word != "Y" && word != "yes")
    return complaint{exit_failed, "nothing was changed"};
  return {};
}

result<void> carry_out(session& with, const apply_plan& plan) {
  performer doing(with);
  std::size_t count = 0;
  result<void> outcome;
  for (const planned_key& step : plan.steps) {
    outcome = doing.perform(step);
    if (!outcome) {
      outcome = complaint{exit_failed,
                          "key '" + harmless(step.name) + "': " + outcome.error().message + " (" +
                              std::to_string(count) + " of " + std::to_string(plan.steps.size()) +
                              " were done before it, the rest was not; apply again "
                              "does what is left)"};
      break;
    }
    ++count;
  }
  const json::object done = doing.done(plan);
  const bool secrets = !done.at("created").as_array().empty();
  if (with.json)
    with.io.out << json::serialize(done) << "\n";
  else if (!with.quiet && secrets)
    with.io.out << "Secrets are shown once and kept nowhere: store them now.\n";
  if (outcome && !with.json && !with.quiet && count > 0)
    with.io.out << "Done: " << count << (count == 1 ? " key." : " keys.") << "\n";
  return outcome;
}

result<void> apply(session& with, const apply_words& words) {
  complaints wrong(words.file == "-" ? "standard input" : words.file);
  const auto wanted = read_key_file(words.file, with.io, wrong);
  if (!wanted)
    return wanted.error();
  const auto keys = all_keys(with, "");
  if (!keys)
    return keys.error();
  const apply_plan plan = plan_of(*keys, *wanted, words.prune, wrong);
  if (!wrong.none())
    return wrong.whole();
  if (!with.json && !with.quiet)
    print_plan(plan, with.io);
  with.io.out << std::flush;
  if (words.dry_run || plan.steps.empty()) {
    if (with.json)
      with.io.out << json::serialize(words.dry_run ? dry(plan) : performer(with).done(plan))
                  << "\n";
    return {};
  }
  if (auto agreed = confirm(with, words); !agreed)
    return agreed;
  return carry_out(with, plan);
}

} // namespace

void add_key_apply(CLI::App& keys, command& chosen) {
  auto* add = keys.add_subcommand("apply", "make keys what a TOML file says; shows what differs");
  auto words = std::make_shared<apply_words>();
  add->add_option("-f,--file", words->file, "the file, as export writes it; - is standard input")
      ->required();
  add->add_flag("--dry-run", words->dry_run, "only show what would be done");
  add->add_flag("--prune", words->prune, "deactivate active keys that the file does not name");
  add->add_flag("-y,--yes", words->sure, "do not ask");
  add->final_callback(
      [&chosen, words] { chosen = [words](session& with) { return apply(with, *words); }; });
}

} // namespace proxy::cli
