// The coroutine a session is written in: lazy, resumed by symmetric transfer, its frame from the
// thread's pool. It knows nothing of sockets. Measured against asio::awaitable with a custom op it
// saves about 0.5 us a request: no executor, no handler object, no frame stack.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "proxy/io/frame_pool.hpp"

namespace proxy::io {

template <class T = void>
class task;

namespace detail {

struct promise_base {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr failure;

  static void* operator new(std::size_t bytes) { return frame_pool::take(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { frame_pool::give(memory, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct final_awaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
      return done.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct promise : promise_base {
  std::optional<T> value;
  task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (failure)
      std::rethrow_exception(failure);
    return std::move(*value);
  }
};

template <>
struct promise<void> : promise_base {
  task<void> get_return_object();
  void return_void() noexcept {}
  void take() {
    if (failure)
      std::rethrow_exception(failure);
  }
};

} // namespace detail

template <class T>
class [[nodiscard]] task {
 public:
  using promise_type = detail::promise<T>;
  using handle = std::coroutine_handle<promise_type>;

  explicit task(handle frame) : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (frame_)
      frame_.destroy();
  }

  struct awaiter {
    handle frame;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
      frame.promise().continuation = waiter;
      return frame;
    }
    T await_resume() { return frame.promise().take(); }
  };
  awaiter operator co_await() && noexcept { return {frame_}; }

 private:
  handle frame_;
};

namespace detail {
template <class T>
task<T> promise<T>::get_return_object() {
  return task<T>{std::coroutine_handle<promise<T>>::from_promise(*this)};
}
inline task<void> promise<void>::get_return_object() {
  return task<void>{std::coroutine_handle<promise<void>>::from_promise(*this)};
}

// Owns nothing and is owned by nobody: ends by destroying itself.
struct detached {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return frame_pool::take(bytes); }
    static void operator delete(void* memory, std::size_t bytes) {
      frame_pool::give(memory, bytes);
    }
    detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};
template <class OnError>
detached run_detached(task<void> work, OnError on_error) {
  try {
    co_await std::move(work);
  } catch (...) {
    on_error(std::current_exception());
  }
}
} // namespace detail

// Starts `work` at once; it lives until it ends. What it throws goes to `on_error`: the last
// backstop of a session.
template <class OnError>
void start(task<void> work, OnError on_error) {
  detail::run_detached(std::move(work), std::move(on_error));
}

} // namespace proxy::io
