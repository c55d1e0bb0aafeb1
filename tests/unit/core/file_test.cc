#include "lib/core/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "lib/core/secret.h"
#include "tests/support.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

// A folder that goes with everything in it.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "accord-test-XXXXXX") {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator());
  }

 private:
  std::string path_;
};

unsigned mode_of(const std::string& path) {
  struct stat status = {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

TEST_CASE_FIXTURE(Folder, "a file reads back as it was written, with its mode and nothing beside it") {
  const auto before = umask(077);
  must(write_file(path("a"), std::string("x\0y", 3)));
  must(write_file(path("b"), "", 0600));
  umask(before);
  CHECK(must(read_file(path("a"))) == std::string("x\0y", 3));
  CHECK(must(read_file(path("b"))).empty());
  CHECK(mode_of(path("a")) == 0644);
  CHECK(mode_of(path("b")) == 0600);
  CHECK(entries() == 2);
}

TEST_CASE_FIXTURE(Folder, "a large file is written and read whole") {
  std::string content;
  for (int i = 0; content.size() < 3000000; ++i) content += std::to_string(i);
  must(write_file(path("a"), content));
  CHECK(must(read_file(path("a"), content.size())) == content);
}

TEST_CASE_FIXTURE(Folder, "a file is read up to the limit and not one byte further") {
  must(write_file(path("a"), "12345"));
  CHECK(must(read_file(path("a"), 5)) == "12345");
  CHECK(error_id(read_file(path("a"), 4)) == "File.TooLarge");
  CHECK(error_id(read_file("/dev/zero", 100000)) == "File.TooLarge");
}

TEST_CASE_FIXTURE(Folder, "what cannot be read says why") {
  CHECK(error_id(read_file(path("none"))) == "File.NotFound");
  CHECK(error_id(read_file(path("none/a"))) == "File.NotFound");
  CHECK(error_id(read_file(path(""))) == "File.CannotRead");
  CHECK(error_id(read_descriptor(-1, 10, "nothing")) == "File.CannotRead");
}

TEST_CASE_FIXTURE(Folder, "a file that is replaced leaves those who read it the old content") {
  must(write_file(path("a"), "old"));
  const int reader = open(path("a").c_str(), O_RDONLY | O_CLOEXEC);
  must(write_file(path("a"), "new"));
  CHECK(must(read_descriptor(reader, 10, "a")) == "old");
  CHECK(must(read_file(path("a"))) == "new");
  CHECK(entries() == 1);
  close(reader);
}

TEST_CASE_FIXTURE(Folder, "a link is kept and its file replaced") {
  must(write_file(path("a"), "old"));
  REQUIRE(symlink("a", path("link").c_str()) == 0);
  must(write_file(path("link"), "new"));
  CHECK(std::filesystem::is_symlink(path("link")));
  CHECK(must(read_file(path("a"))) == "new");
}

TEST_CASE_FIXTURE(Folder, "what is not a regular file is written to and stays what it is") {
  must(write_file("/dev/null", "x"));
  CHECK(std::filesystem::is_character_file("/dev/null"));
  REQUIRE(mkfifo(path("pipe").c_str(), 0600) == 0);
  std::string got;
  std::thread reader([&] { got = must(read_file(path("pipe"))); });
  must(write_file(path("pipe"), "through"));
  reader.join();
  CHECK(got == "through");
  CHECK(std::filesystem::is_fifo(path("pipe")));
  CHECK(entries() == 1);
}

TEST_CASE_FIXTURE(Folder, "what cannot be written says why and leaves nothing") {
  CHECK(error_id(write_file(path("none/a"), "x")) == "File.CannotWrite");
  CHECK(error_id(write_file(path(""), "x")) == "File.CannotWrite");
  CHECK(error_id(write_file("/dev/full", "x")) == "File.CannotWrite");
  CHECK(error_id(create_file(path("none/a"), "x", 0600)) == "File.CannotWrite");
  CHECK(entries() == 0);
}

TEST_CASE_FIXTURE(Folder, "a file is created once") {
  must(create_file(path("a"), "first", 0600));
  CHECK(mode_of(path("a")) == 0600);
  CHECK(error_id(create_file(path("a"), "second", 0600)) == "File.Exists");
  CHECK(must(read_file(path("a"))) == "first");
  REQUIRE(symlink("nowhere", path("link").c_str()) == 0);
  CHECK(error_id(create_file(path("link"), "x", 0600)) == "File.Exists");
  CHECK(entries() == 2);
}

TEST_CASE_FIXTURE(Folder, "of many that create one file at once, one does") {
  std::array<std::thread, 8> threads;
  std::array<std::string, 8> results;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] =
        std::thread([&, i] { results[i] = error_id(create_file(path("a"), std::to_string(i), 0600)); });
  }
  std::string winner;
  int created = 0;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    if (results[i].empty()) {
      winner = std::to_string(i);
      ++created;
    } else {
      CHECK(results[i] == "File.Exists");
    }
  }
  CHECK(created == 1);
  CHECK(must(read_file(path("a"))) == winner);
  CHECK(entries() == 1);
}

TEST_CASE_FIXTURE(Folder, "signals are as they were after a file was written") {
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  must(write_file(path("a"), "x"));
  must(create_file(path("b"), "x", 0600));
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    CHECK(sigismember(&before, number) == sigismember(&after, number));
}

TEST_CASE_FIXTURE(Folder, "missing folders are created for their owner alone") {
  must(create_folders(path("a/b/c")));
  CHECK(mode_of(path("a")) == 0700);
  CHECK(mode_of(path("a/b/c")) == 0700);
  must(create_folders(path("a/b/c")));
  must(create_folders(path("a/b/d/")));
  must(create_folders("/"));
  must(write_file(path("file"), "x"));
  CHECK(error_id(create_folders(path("file"))) == "File.CannotWrite");
  CHECK(error_id(create_folders(path("file/below"))) == "File.CannotWrite");
  CHECK(file_exists(path("a/b/d")));
  CHECK_FALSE(file_exists(path("a/b/e")));
}

TEST_CASE("the folder of a path is what holds it") {
  CHECK(folder_of("name") == ".");
  CHECK(folder_of("a/name") == "a");
  CHECK(folder_of("/name") == "/");
  CHECK(folder_of("/a/b/name") == "/a/b");
}

TEST_CASE_FIXTURE(Folder, "a password is the first line of its file") {
  struct Case {
    const char* content;
    const char* expected;
  };
  for (const auto& one : std::array<Case, 6>{{{"secret", "secret"},
                                              {"secret\n", "secret"},
                                              {"secret\r\n", "secret"},
                                              {"secret\nmore\n", "secret"},
                                              {" secret ", " secret "},
                                              {"se\rcret\n", "se\rcret"}}}) {
    CAPTURE(one.content);
    must(write_file(path("password"), one.content, 0600));
    CHECK(must(read_password_file(path("password"))).view() == one.expected);
  }
  must(write_file(path("password"), std::string(4096, 'x') + "\r\n"));
  CHECK(must(read_password_file(path("password"))).size() == 4096);
}

TEST_CASE_FIXTURE(Folder, "a password that is missing, empty or too long is refused") {
  CHECK(error_id(read_password_file(path("none"))) == "File.NotFound");
  for (const auto* content : {"", "\n", "\r\n", "\nsecret"}) {
    must(write_file(path("password"), content));
    CHECK(error_id(read_password_file(path("password"))) == "Parameter.Invalid");
  }
  must(write_file(path("password"), std::string(4097, 'x') + "\n"));
  CHECK(error_id(read_password_file(path("password"))) == "File.TooLarge");
  must(write_file(path("password"), std::string(5000, 'x')));
  CHECK(error_id(read_password_file(path("password"))) == "File.TooLarge");
  CHECK(error_id(read_password_file("/dev/zero")) == "File.TooLarge");
  CHECK(error_id(read_password_descriptor(-1)) == "File.CannotRead");
}

TEST_CASE("a password read from a descriptor leaves what follows it") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  REQUIRE(write(ends[1], "secret\nrest", 11) == 11);
  close(ends[1]);
  CHECK(must(read_password_descriptor(ends[0])).view() == "secret");
  CHECK(must(read_descriptor(ends[0], 10, "pipe")) == "rest");
  close(ends[0]);
}

}  // namespace
}  // namespace accord
