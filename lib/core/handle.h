// Owners of what a C library has given out: Handle<X509, X509_free> frees it once.
#pragma once

#include <memory>

namespace accord {

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* thing) const {
    release(thing);
  }
};

template <class T, auto release>
using Handle = std::unique_ptr<T, Releaser<release>>;

}  // namespace accord
