// When something retired is freed, step by step, turn by turn.
#include "proxy/keys/epoch.hpp"
#include "tests/support/catch.hpp"

using proxy::keys::epochs;

namespace {

struct counter {
  int freed = 0;
  std::function<void()> one() {
    return [this] { ++freed; };
  }
};

} // namespace

TEST_CASE("epochs: with no turn running an item is freed at once") {
  epochs all;
  counter count;
  all.retire(count.one());
  CHECK(count.freed == 1);
  epochs::participant& idle = all.join();
  all.retire(count.one());
  idle.enter();
  idle.leave();
  all.retire(count.one());
  CHECK(count.freed == 3);
}

TEST_CASE("epochs: an item waits for the turn that may have read it, and for no later one") {
  epochs all;
  counter count;
  epochs::participant& reader = all.join();
  reader.enter();
  all.retire(count.one());
  all.collect();
  CHECK(count.freed == 0);
  reader.leave();
  reader.enter(); // began after the item was unlinked
  all.collect();
  CHECK(count.freed == 1);
  reader.leave();
}

TEST_CASE("epochs: every running turn counts, whichever ends first") {
  epochs all;
  counter count;
  epochs::participant& first = all.join();
  epochs::participant& second = all.join();
  epochs::participant& idle = all.join();
  first.enter();
  second.enter();
  all.retire(count.one());
  idle.enter();
  second.leave();
  all.collect();
  CHECK(count.freed == 0);
  first.leave();
  all.collect();
  CHECK(count.freed == 1);
  idle.leave();
}

TEST_CASE("epochs: a thread that joins later does not delay what was retired before") {
  epochs all;
  counter count;
  epochs::participant& reader = all.join();
  reader.enter();
  all.retire(count.one());
  epochs::participant& late = all.join();
  late.enter();
  reader.leave();
  all.collect();
  CHECK(count.freed == 1);
  late.leave();
}

TEST_CASE("epochs: retiring frees what earlier turns held back") {
  epochs all;
  counter count;
  epochs::participant& reader = all.join();
  reader.enter();
  all.retire(count.one());
  reader.leave();
  reader.enter();
  all.retire(count.one());
  CHECK(count.freed == 1);
  reader.leave();
}

TEST_CASE("epochs: their end frees what still waits") {
  counter count;
  {
    epochs all;
    all.join().enter();
    all.retire(count.one());
    CHECK(count.freed == 0);
  }
  CHECK(count.freed == 1);
}

TEST_CASE("epochs: what is freed may itself retire something") {
  epochs all;
  counter count;
  all.retire([&] { all.retire(count.one()); });
  CHECK(count.freed == 1);
}
