import platform

from knowledge.adapters.freed_memory import give_back


def test_memory_is_given_back_where_the_c_library_can() -> None:
    assert give_back() is (platform.libc_ver()[0] == "glibc")
