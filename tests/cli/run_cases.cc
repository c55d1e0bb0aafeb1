// run_cases FILE.case …: runs transcripts. ACCORD_UPDATE_CASES=1 rewrites them with what came out.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/cli/transcript.h"

namespace accord::test {
namespace {

namespace fs = std::filesystem;

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string made = (fs::temp_directory_path() / "accord-case-XXXXXX").string();
    if (mkdtemp(made.data()) == nullptr) throw std::runtime_error("no scratch folder can be made");
    path_ = made;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::current_path("/", ignored);
    fs::remove_all(path_, ignored);
  }
  // An empty folder for a scenario, which becomes the current one.
  void enter(int number) const {
    const auto folder = path_ / std::to_string(number);
    fs::create_directory(folder);
    fs::current_path(folder);
  }

 private:
  fs::path path_;
};

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(fmt::format("cannot read {}", path.string()));
  return {std::istreambuf_iterator<char>(file), {}};
}

Folders folders_here() {
  const std::string source = ACCORD_SOURCE_DIR;
  const char* named = std::getenv("ACCORD_VECTORS");
  const auto vectors =
      fs::absolute(named != nullptr ? fs::path(named) : fs::path(source) / "../shared/vectors");
  return {.source = source,
          .vectors = fs::exists(vectors / "INDEX.md") ? vectors.lexically_normal().string() : std::string(),
          .setup = source + "/tests/cli/setup"};
}

int run_file(const fs::path& path, bool rewrite) {
  const auto folders = folders_here();
  auto transcript = parse_transcript(slurp(path));
  int failures = 0;
  int skipped = 0;
  int number = 0;
  const ScratchFolder scratch;
  for (auto& scenario : transcript.scenarios) {
    scratch.enter(++number);
    try {
      const auto report = run_scenario(scenario, folders, rewrite);
      if (report.failures == 0) continue;
      ++failures;
      fmt::print("FAILED {}:{}: {}\n{}\n", path.filename().string(), scenario.line, scenario.title,
                 report.text);
    } catch (const Skipped& reason) {
      ++skipped;
      fmt::print("SKIPPED {}:{}: {}: {}\n", path.filename().string(), scenario.line, scenario.title,
                 reason.why);
    }
  }
  if (rewrite) std::ofstream(path, std::ios::binary) << print_transcript(transcript);
  fmt::print("{}: {} scenarios, {} failed, {} skipped\n", path.filename().string(), number, failures,
             skipped);
  return failures;
}

int run_file_or_say_why(const fs::path& path, bool rewrite) {
  try {
    return run_file(path, rewrite);
  } catch (const std::exception& error) {
    fmt::print("FAILED {}: {}\n", path.string(), error.what());
    return 1;
  }
}

int run_files(int count, char** files) {
  // Before the first scenario leaves the current folder.
  std::vector<fs::path> paths;
  paths.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i < count; ++i) paths.push_back(fs::absolute(files[i]));
  const bool rewrite = std::getenv("ACCORD_UPDATE_CASES") != nullptr;
  int failures = 0;
  for (const auto& path : paths) failures += run_file_or_say_why(path, rewrite);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace accord::test

int main(int count, char** files) try {
  umask(077);
  if (count < 2) {
    std::fputs("run_cases FILE.case …\n", stderr);
    return 2;
  }
  return accord::test::run_files(count, files);
} catch (const std::exception& error) {
  std::fputs(error.what(), stderr);
  return 1;
}
