//! Names the machine looks for itself, interned once ([`N`] is the index into `Runtime::names`).

macro_rules! names {
    ($($id:ident $text:literal),* $(,)?) => {
        /// A well-known name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, non_camel_case_types)]
        pub enum N { $($id),* }
        /// Their texts.
        pub const NAMES: &[&str] = &[$($text),*];
    };
}
names! {
    init "__init__", new "__new__", del "__del__", name "__name__", qualname "__qualname__", module "__module__",
    doc "__doc__", dict "__dict__", class "__class__", slots "__slots__", bases "__bases__", mro "__mro__",
    get "__get__", set "__set__", delete "__delete__", getattr "__getattr__", getattribute "__getattribute__",
    setattr "__setattr__", delattr "__delattr__", eq "__eq__", ne "__ne__", lt "__lt__", le "__le__", gt "__gt__",
    ge "__ge__", hash "__hash__", bool_ "__bool__", len "__len__", iter "__iter__", next "__next__",
    contains "__contains__", getitem "__getitem__", setitem "__setitem__", delitem "__delitem__", call "__call__",
    enter "__enter__", exit "__exit__", str_ "__str__", repr "__repr__", format "__format__", index "__index__",
    int_ "__int__", float_ "__float__", neg "__neg__", pos "__pos__", invert "__invert__", abs "__abs__",
    round "__round__", add "__add__", sub "__sub__", mul "__mul__", truediv "__truediv__", floordiv "__floordiv__",
    mod_ "__mod__", pow "__pow__", matmul "__matmul__", lshift "__lshift__", rshift "__rshift__", and "__and__",
    or "__or__", xor "__xor__", radd "__radd__", rsub "__rsub__", rmul "__rmul__", rtruediv "__rtruediv__",
    rfloordiv "__rfloordiv__", rmod "__rmod__", rpow "__rpow__", rmatmul "__rmatmul__", rlshift "__rlshift__",
    rrshift "__rrshift__", rand "__rand__", ror "__ror__", rxor "__rxor__", iadd "__iadd__", isub "__isub__",
    imul "__imul__", itruediv "__itruediv__", ifloordiv "__ifloordiv__", imod "__imod__", ipow "__ipow__",
    imatmul "__imatmul__", ilshift "__ilshift__", irshift "__irshift__", iand "__iand__", ior "__ior__",
    ixor "__ixor__", args "args", builtins "__builtins__", file "__file__", main "__main__", reversed "__reversed__",
    missing "__missing__", set_name "__set_name__", init_subclass "__init_subclass__", classcell "__classcell__",
    annotations "__annotations__", static_attributes "__static_attributes__", traceback "__traceback__",
    context "__context__", cause "__cause__", suppress "__suppress_context__", notes "__notes__",
    match_args "__match_args__", length_hint "__length_hint__", bytes_ "__bytes__", prepare "__prepare__",
    instancecheck "__instancecheck__", subclasscheck "__subclasscheck__", weakref "__weakref__", func "__func__",
    self_ "__self__", first_line "__firstlineno__", keys "keys", close "close", send "send", throw "throw",
    write "write", value "value", code "code", dir "__dir__", fspath "__fspath__", all "__all__", path "__path__",
    prelude_ "<prelude>", intern_class_getitem "__class_getitem__", build_class "__build_class__",
    complex_ "__complex__", stdin "stdin", stdout "stdout", stderr "stderr", flush "flush", trunc "__trunc__",
    sizeof "__sizeof__",
}
