# What Doxygen is not to see of a header; lines keep their numbers. Words to clang-tidy are no documentation, and
# specialisations in namespace std confuse it.
s/ *NOLINT.*//
/^template <.*>$/{
  N
  /std::hash</{
    :more
    N
    /\n};$/!b more
    s/[^\n]*//g
  }
}
