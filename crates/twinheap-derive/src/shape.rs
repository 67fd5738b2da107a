//! The type as the derive sees it: its session's lifetime, its manager, its fields.  Every refusal is here.
//! Not the code that comes out (`expand`).  Overview: `lib.rs`.

use crate::attributes::{OnField, OnType};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Data, DeriveInput, Error, Fields, GenericArgument, GenericParam, Generics, Ident, Lifetime, Member, PathArguments,
    Result, Type, TypeParam, TypeParamBound, WherePredicate, parse_quote, visit::Visit,
};

/// Where the manager comes from.
pub enum ManagerOf {
    /// A parameter of the type.
    Parameter(Ident),
    /// A fixed one.
    Fixed(Type),
    /// Any: the type does not name one.
    Any,
}

/// A field that owns a value of the type it is in: its constants cannot be asked for without going in a circle.
pub enum Recursion {
    /// It does not.
    None,
    /// Through containers that are known here.
    Known {
        /// The field's type, spelled so that nothing in scope can stand for something else; the code that comes out
        /// checks that it is the same type.
        spelled: Box<Type>,
        /// The same with `()` for the type itself, which adds nothing to what its other fields are.
        without: Box<Type>,
    },
    /// Through others, or a value of the type with other arguments: anything may be in them.
    Unknown,
}

/// A field.
pub struct Field {
    pub member: Member,
    pub ty: Type,
    pub on: OnField,
    /// How the field owns a value of this very type, if it does.
    pub recursion: Recursion,
}

/// A struct, or one variant of an enum.
pub struct Variant {
    /// The variant's name; a struct has none.
    pub name: Option<Ident>,
    pub fields: Vec<Field>,
}

/// The type.
pub struct Shape<'a> {
    pub input: &'a DeriveInput,
    pub on: OnType,
    pub gc: Option<Lifetime>,
    pub manager: ManagerOf,
    pub variants: Vec<Variant>,
    pub is_enum: bool,
}

impl<'a> Shape<'a> {
    pub fn of(input: &'a DeriveInput) -> Result<Self> {
        let on = OnType::parse(&input.attrs)?;
        let gc = lifetime(&input.generics, &on)?;
        let manager = manager(&input.generics, &on, &gc)?;
        let (variants, is_enum) = match &input.data {
            Data::Struct(data) => (vec![Variant { name: None, fields: fields(&data.fields, input, &on)? }], false),
            Data::Enum(data) => {
                if let Some(span) = on.release_reverse {
                    return Err(Error::new(span, "the order of release can be chosen for structs only"));
                }
                let mut variants = Vec::new();
                for variant in &data.variants {
                    if let Some(a) = variant.attrs.iter().find(|a| a.path().is_ident("trace")) {
                        return Err(Error::new_spanned(a, "`#[trace(…)]` belongs on the type or on a field"));
                    }
                    variants.push(Variant {
                        name: Some(variant.ident.clone()),
                        fields: fields(&variant.fields, input, &on)?,
                    });
                }
                (variants, true)
            }
            Data::Union(data) => {
                return Err(Error::new(
                    data.union_token.span,
                    "a union cannot be traced: which of its fields holds a reference is not known; use an enum",
                ));
            }
        };
        Ok(Shape { input, on, gc, manager, variants, is_enum })
    }

    /// All fields, of all variants.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.variants.iter().flat_map(|v| &v.fields)
    }

    /// The type parameters other than the manager.
    pub fn type_parameters(&self) -> impl Iterator<Item = &TypeParam> {
        self.input.generics.type_params().filter(|t| match &self.manager {
            ManagerOf::Parameter(m) => t.ident != *m,
            _ => true,
        })
    }
}

fn lifetime(generics: &Generics, on: &OnType) -> Result<Option<Lifetime>> {
    let mut lifetimes = generics.lifetimes();
    let first = lifetimes.next().map(|l| l.lifetime.clone());
    if let Some(second) = lifetimes.next() {
        return Err(Error::new_spanned(
            second,
            "a type in a heap has one lifetime, its session's: what is borrowed from elsewhere cannot be kept in a heap",
        ));
    }
    match (&on.gc, &first) {
        (Some(named), Some(own)) if named != own => Err(Error::new_spanned(named, "not a lifetime of this type")),
        (Some(named), None) => Err(Error::new_spanned(named, "this type has no lifetime")),
        _ => Ok(first),
    }
}

fn manager(generics: &Generics, on: &OnType, gc: &Option<Lifetime>) -> Result<ManagerOf> {
    if let Some(named) = &on.manager {
        return Ok(match named {
            Type::Path(path) => match generics.type_params().find(|t| path.path.is_ident(&t.ident)) {
                Some(parameter) => ManagerOf::Parameter(parameter.ident.clone()),
                None => ManagerOf::Fixed(named.clone()),
            },
            _ => ManagerOf::Fixed(named.clone()),
        });
    }
    let mut managers = generics.type_params().filter(|t| is_manager(t, generics));
    match (managers.next(), managers.next()) {
        (Some(_), Some(second)) => Err(Error::new_spanned(
            second,
            "two parameters are managers: say which one's heaps this type lies in, `#[trace(manager = …)]`",
        )),
        (Some(m), None) => Ok(ManagerOf::Parameter(m.ident.clone())),
        (None, _) => match gc {
            None => Ok(ManagerOf::Any),
            Some(gc) => Err(Error::new_spanned(
                gc,
                "a type with a lifetime needs a manager: a parameter `M: Manager`, or `#[trace(manager = …)]`",
            )),
        },
    }
}

/// Whether a bound of the parameter says that it is a manager.
fn is_manager(parameter: &TypeParam, generics: &Generics) -> bool {
    let says = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(t) => t
            .path
            .segments
            .last()
            .is_some_and(|s| ["Manager", "OneMutator", "Threaded"].iter().any(|name| s.ident == name)),
        _ => false,
    };
    parameter.bounds.iter().any(says)
        || generics.where_clause.iter().flat_map(|w| &w.predicates).any(|p| match p {
            WherePredicate::Type(p) => {
                matches!(&p.bounded_ty, Type::Path(t) if t.path.is_ident(&parameter.ident)) && p.bounds.iter().any(says)
            }
            _ => false,
        })
}

fn fields(fields: &Fields, input: &DeriveInput, on: &OnType) -> Result<Vec<Field>> {
    let own = Own::of(input);
    let mut out = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let mut on_field = OnField::parse(&field.attrs)?;
        on_field.recursive |= on.recursive && !on_field.is_static;
        if on_field.is_static && on_field.recursive {
            return Err(Error::new_spanned(
                field,
                "`static` and `recursive` exclude each other: a leaf refers to nothing",
            ));
        }
        let recursion = if on_field.recursive { Recursion::Unknown } else { recursion(&field.ty, &own) };
        let member = match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(syn::Index { index: i as u32, span: Span::call_site() }),
        };
        out.push(Field { member, ty: field.ty.clone(), on: on_field, recursion });
    }
    Ok(out)
}

/// The type's own name, and its parameters as it is declared with them.
struct Own<'a> {
    name: &'a Ident,
    arguments: Vec<String>,
}

impl Own<'_> {
    fn of(input: &DeriveInput) -> Own<'_> {
        let arguments = input.generics.params.iter().map(|p| argument(p).to_string()).collect();
        Own { name: &input.ident, arguments }
    }
    /// Whether `ty` is an instance of the type, whatever its arguments.
    fn is_named_by(&self, ty: &Type) -> bool {
        matches!(ty, Type::Path(p) if p.qself.is_none() && (p.path.is_ident("Self")
            || (p.path.segments.len() == 1 && p.path.segments[0].ident == *self.name)))
    }
    /// Whether `ty` is this very instance.  Another one may hold what this one does not (polymorphic recursion).
    fn is(&self, ty: &Type) -> bool {
        let Type::Path(path) = ty else { return false };
        if !self.is_named_by(ty) {
            return false;
        }
        match &path.path.segments[0].arguments {
            PathArguments::None => path.path.is_ident("Self") || self.arguments.is_empty(),
            PathArguments::AngleBracketed(a) => {
                a.args.iter().map(|a| a.to_token_stream().to_string()).eq(self.arguments.iter().cloned())
            }
            PathArguments::Parenthesized(_) => false,
        }
    }
}

fn recursion(ty: &Type, own: &Own<'_>) -> Recursion {
    if !owns(ty, own) {
        return Recursion::None;
    }
    match (spell(ty, own, false), spell(ty, own, true)) {
        (Some(spelled), Some(without)) => Recursion::Known { spelled: Box::new(spelled), without: Box::new(without) },
        _ => Recursion::Unknown,
    }
}

/// Whether the type occurs in `ty`, handles aside: they are never looked through for constants.
fn owns(ty: &Type, own: &Own<'_>) -> bool {
    struct Find<'a>(&'a Own<'a>, bool);
    impl<'ast> Visit<'ast> for Find<'_> {
        fn visit_type(&mut self, ty: &'ast Type) {
            const HANDLES: &[&str] = &["Gc", "Slot", "GcOnce", "GcWeak", "GcVec", "GcMap", "GcWeakMap", "Cc", "Weak"];
            let is_handle = matches!(ty, Type::Path(p) if p.path.segments.last().is_some_and(
                |s| HANDLES.iter().any(|handle| s.ident == handle)));
            self.1 |= self.0.is_named_by(ty);
            if !is_handle {
                syn::visit::visit_type(self, ty)
            }
        }
    }
    let mut find = Find(own, false);
    find.visit_type(ty);
    find.1
}

/// `ty` with full paths down to each place where it owns itself; `None` where something else is on the way.
fn spell(ty: &Type, own: &Own<'_>, without: bool) -> Option<Type> {
    if own.is(ty) {
        return Some(if without { parse_quote!(()) } else { ty.clone() });
    }
    if !owns(ty, own) {
        return Some(ty.clone());
    }
    Some(match ty {
        Type::Paren(inner) => spell(&inner.elem, own, without)?,
        Type::Group(inner) => spell(&inner.elem, own, without)?,
        Type::Tuple(tuple) => {
            let items = tuple.elems.iter().map(|t| spell(t, own, without)).collect::<Option<Vec<_>>>()?;
            parse_quote!((#(#items,)*))
        }
        Type::Array(array) => {
            let (item, len) = (spell(&array.elem, own, without)?, &array.len);
            parse_quote!([#item; #len])
        }
        Type::Slice(slice) => {
            let item = spell(&slice.elem, own, without)?;
            parse_quote!([#item])
        }
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            let full: syn::Path = match last.ident.to_string().as_str() {
                "Box" => parse_quote!(::std::boxed::Box),
                "Vec" => parse_quote!(::std::vec::Vec),
                "Option" => parse_quote!(::core::option::Option),
                "Result" => parse_quote!(::core::result::Result),
                "GcCell" => parse_quote!(::twinheap::GcCell),
                "VecDeque" | "LinkedList" | "BTreeMap" | "HashMap" => {
                    let collection = &last.ident;
                    parse_quote!(::std::collections::#collection)
                }
                _ => return None,
            };
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let arguments = arguments
                .args
                .iter()
                .map(|argument| match argument {
                    GenericArgument::Type(t) => spell(t, own, without).map(GenericArgument::Type),
                    other => Some(other.clone()),
                })
                .collect::<Option<Vec<_>>>()?;
            parse_quote!(#full<#(#arguments),*>)
        }
        _ => return None,
    })
}

/// Whether `name` occurs in `ty`.
pub fn mentions(ty: &Type, name: &Ident) -> bool {
    fn any(tokens: TokenStream, name: &Ident) -> bool {
        tokens.into_iter().any(|t| match t {
            TokenTree::Ident(i) => i == *name,
            TokenTree::Group(g) => any(g.stream(), name),
            _ => false,
        })
    }
    any(ty.to_token_stream(), name)
}

/// The parameter as an argument.
pub fn argument(parameter: &GenericParam) -> TokenStream {
    match parameter {
        GenericParam::Lifetime(l) => l.lifetime.to_token_stream(),
        GenericParam::Type(t) => t.ident.to_token_stream(),
        GenericParam::Const(c) => c.ident.to_token_stream(),
    }
}
