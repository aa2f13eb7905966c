// A doubly linked list whose nodes are the objects themselves: linking allocates nothing, and an
// object leaves in constant time. Iteration tolerates that the visited node unlinks itself.
#pragma once

namespace proxy::io {

struct list_node {
  list_node* previous = nullptr;
  list_node* next = nullptr;
  bool linked() const { return previous != nullptr; }
};

class intrusive_list {
 public:
  intrusive_list() { head_.previous = head_.next = &head_; }
  intrusive_list(const intrusive_list&) = delete;
  intrusive_list& operator=(const intrusive_list&) = delete;

  void push_front(list_node& node) {
    node.previous = &head_;
    node.next = head_.next;
    head_.next->previous = &node;
    head_.next = &node;
  }
  static void unlink(list_node& node) {
    node.previous->next = node.next;
    node.next->previous = node.previous;
    node.previous = node.next = nullptr;
  }
  bool empty() const { return head_.next == &head_; }
  list_node& front() { return *head_.next; }
  list_node& back() { return *head_.previous; }

  template <class Visit>
  void for_each(Visit visit) {
    for (list_node* node = head_.next; node != &head_;) {
      list_node* following = node->next;
      visit(*node);
      node = following;
    }
  }

 private:
  list_node head_;
};

} // namespace proxy::io
