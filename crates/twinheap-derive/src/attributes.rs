//! `#[trace(…)]` on types and fields.  Not what follows from it (`expand`).  Overview: `lib.rs`.

use proc_macro2::Span;
use syn::{Attribute, Error, Ident, Lifetime, LitStr, Result, Type};

/// What collections take a type for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Container,
    Internal,
    Leaf,
}

/// `#[trace(…)]` on the type.
#[derive(Default)]
pub struct OnType {
    pub gc: Option<Lifetime>,
    pub manager: Option<Type>,
    pub kind: Option<Kind>,
    pub recursive: bool,
    pub finalize: Option<Span>,
    pub release_reverse: Option<Span>,
    pub tail_in_order: bool,
    pub tag: Option<syn::Expr>,
    pub counted: Option<syn::Expr>,
}

/// `#[trace(…)]` on a field.
#[derive(Clone, Copy, Default)]
pub struct OnField {
    pub is_static: bool,
    pub recursive: bool,
}

impl OnType {
    pub fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut out = OnType::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("trace")) {
            attribute.parse_nested_meta(|meta| {
                let span = || meta.path.get_ident().map_or_else(Span::call_site, Ident::span);
                if meta.path.is_ident("gc") {
                    once(&out.gc, span())?;
                    out.gc = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("manager") {
                    once(&out.manager, span())?;
                    out.manager = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("kind") {
                    once(&out.kind, span())?;
                    let word: Ident = meta.value()?.parse()?;
                    out.kind = Some(match word.to_string().as_str() {
                        "container" => Kind::Container,
                        "internal" => Kind::Internal,
                        "leaf" => Kind::Leaf,
                        _ => return Err(Error::new(word.span(), "a kind is `container`, `internal` or `leaf`")),
                    });
                } else if meta.path.is_ident("recursive") {
                    out.recursive = true;
                } else if meta.path.is_ident("finalize") {
                    out.finalize = Some(span());
                } else if meta.path.is_ident("release") {
                    let word: LitStr = meta.value()?.parse()?;
                    match word.value().as_str() {
                        "reverse" => out.release_reverse = Some(span()),
                        "in order" => out.tail_in_order = true,
                        _ => return Err(Error::new(word.span(), "the orders are \"reverse\" and \"in order\"")),
                    }
                } else if meta.path.is_ident("tag") {
                    out.tag = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("counted") {
                    once(&out.counted, span())?;
                    out.counted = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("static") {
                    return Err(meta.error("`static` belongs on a field; a whole leaf is `Static<_>` or `kind = leaf`"));
                } else {
                    return Err(meta.error(
                        "unknown: a type takes `gc`, `manager`, `kind`, `counted`, `recursive`, `finalize`, `release`, `tag`",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(out)
    }
}

fn once<T>(known: &Option<T>, span: Span) -> Result<()> {
    if known.is_some() { Err(Error::new(span, "said twice")) } else { Ok(()) }
}

impl OnField {
    pub fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut out = OnField::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("trace")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("static") {
                    out.is_static = true;
                } else if meta.path.is_ident("recursive") {
                    out.recursive = true;
                } else {
                    return Err(meta.error("unknown: a field takes `static` or `recursive`"));
                }
                Ok(())
            })?;
        }
        Ok(out)
    }
}
