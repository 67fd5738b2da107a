//! The code that comes out.  Tokens with `unsafe` in them bear the derive's own span, so that crates that forbid unsafe
//! code may derive.  Overview: `lib.rs`.

use crate::{
    attributes::Kind,
    shape::{Field, ManagerOf, Recursion, Shape, argument, mentions},
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{GenericParam, Lifetime, parse_quote, spanned::Spanned};

pub fn expand(shape: &Shape<'_>) -> TokenStream {
    let name = &shape.input.ident;
    let (_, ty_generics, _) = shape.input.generics.split_for_impl();
    let gc: Lifetime = shape.gc.clone().unwrap_or_else(|| parse_quote!('__gc));
    let manager: syn::Type = match &shape.manager {
        ManagerOf::Parameter(m) => parse_quote!(#m),
        ManagerOf::Fixed(ty) => ty.clone(),
        ManagerOf::Any => parse_quote!(__M),
    };
    let is_any = matches!(shape.manager, ManagerOf::Any);

    // ---- the impl's parameters and what is asked of them ----------------------------------------------------------
    let mut generics = shape.input.generics.clone();
    if shape.gc.is_none() {
        generics.params.insert(0, parse_quote!('__gc));
    }
    if is_any {
        generics.params.push(parse_quote!(__M: ::twinheap::Manager));
    }
    let traced = |t: &syn::Ident| {
        let mut in_fields = shape.fields().filter(|f| mentions(&f.ty, t)).peekable();
        in_fields.peek().is_none() || in_fields.any(|f| !f.on.is_static)
    };
    let clause = generics.make_where_clause();
    if let ManagerOf::Parameter(m) = &shape.manager {
        clause.predicates.push(parse_quote!(#m: ::twinheap::Manager));
    }
    for t in shape.type_parameters().map(|t| &t.ident).filter(|t| traced(t)) {
        clause.predicates.push(parse_quote!(#t: ::twinheap::Trace<#gc, #manager>));
    }
    for field in shape.fields() {
        if field.on.is_static {
            if shape.type_parameters().any(|t| mentions(&field.ty, &t.ident)) {
                let ty = &field.ty;
                clause.predicates.push(parse_quote!(#ty: ::core::marker::Send + ::core::marker::Sync + 'static));
            }
        } else if is_any && let Some(ty) = askable(field) {
            clause.predicates.push(parse_quote!(#ty: ::twinheap::Trace<#gc, #manager>));
        }
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (own_generics, _, own_where) = shape.input.generics.split_for_impl();

    // ---- the type's identity ---------------------------------------------------------------------------------------
    let mut id_params = vec![quote!(__M: ?::core::marker::Sized)];
    let mut id_holds = vec![quote!(__M)];
    let mut id_arguments = vec![quote!(#manager)];
    let mut id_consts = Vec::new();
    let mut id_const_arguments = Vec::new();
    for parameter in &shape.input.generics.params {
        match parameter {
            GenericParam::Type(t) if shape.type_parameters().any(|other| other.ident == t.ident) => {
                let (t, at) = (&t.ident, format_ident!("__T{}", id_params.len()));
                id_params.push(quote!(#at: ?::core::marker::Sized));
                id_holds.push(quote!(#at));
                id_arguments.push(if traced(t) {
                    quote!(<#t as ::twinheap::Trace<#gc, #manager>>::Id)
                } else {
                    quote!(#t)
                });
            }
            GenericParam::Const(c) => {
                let (c_name, c_ty) = (&c.ident, &c.ty);
                id_consts.push(quote!(const #c_name: #c_ty));
                id_const_arguments.push(argument(parameter));
            }
            _ => {}
        }
    }

    // ---- constants ------------------------------------------------------------------------------------------------
    let needs: Vec<_> = shape.fields().map(|f| needs_trace(f, &gc, &manager)).collect();
    let drops: Vec<_> = shape.fields().map(|f| drop_kind(f, &gc, &manager)).collect();
    // A type that says it is a container is always examined and listed: no `FIXED` of its own.
    let fixed = (shape.on.kind != Some(Kind::Container)).then(|| {
        let all = shape.fields().map(|f| is_fixed(f, &gc, &manager));
        quote!(const FIXED: bool = true #(&& #all)*;)
    });
    let kind = shape.on.kind.map(|kind| match kind {
        Kind::Container => {
            quote!(
                const KIND: ::twinheap::derive::Kind = ::twinheap::derive::Kind::Container;
            )
        }
        Kind::Internal => quote!(
            const KIND: ::twinheap::derive::Kind = ::twinheap::derive::Kind::Internal;
        ),
        Kind::Leaf => quote! {
            const KIND: ::twinheap::derive::Kind = {
                ::core::assert!(
                    !<Self as ::twinheap::Trace<#gc, #manager>>::NEEDS_TRACE,
                    "`#[trace(kind = leaf)]` on a type that holds references",
                );
                ::twinheap::derive::Kind::Leaf
            };
        },
    });
    let finalize = shape.on.finalize.map(|span| {
        let function = quote_spanned!(span=> <Self as ::twinheap::Finalize<#gc, #manager>>::finalize);
        quote! {
            const FINALIZE: ::core::option::Option<::twinheap::derive::Finalizer<#gc, Self, #manager>> =
                ::core::option::Option::Some(#function);
        }
    });
    let tag = shape.on.tag.as_ref().map(|tag| quote!(const TAG: u8 = #tag;));
    let counted = shape.on.counted.as_ref().map(|counted| {
        quote!(const COUNTED: ::core::option::Option<fn(&Self) -> bool> = ::core::option::Option::Some(#counted);)
    });
    let in_order = shape.on.tail_in_order.then(|| {
        quote!(
            const TAIL_IN_ORDER: bool = true;
        )
    });
    let release = shape.on.release_reverse.map(|_| {
        let members = shape.fields().map(|f| &f.member);
        quote! {
            const RELEASE: ::core::option::Option<unsafe fn(*mut Self)> =
                ::core::option::Option::Some(|__p: *mut Self| unsafe {
                    // SAFETY: the caller gives up a whole object; each of its fields is dropped once.
                    #(let _dropped = ::twinheap::derive::Dropped::of(&raw mut (*__p).#members);)*
                });
        }
    });

    // ---- the look -------------------------------------------------------------------------------------------------
    let checks = shape.fields().filter_map(|f| {
        let ty = &f.ty;
        match &f.recursion {
            _ if f.on.is_static => Some(quote_spanned!(ty.span()=> __leaf::<#ty>();)),
            Recursion::Known { spelled, .. } => {
                Some(quote_spanned!(ty.span()=> let _: fn(#ty) -> #spelled = |__same| __same;))
            }
            _ => None,
        }
    });
    let leaf = shape.fields().any(|f| f.on.is_static).then(|| {
        quote!(
            fn __leaf<__T: ::core::marker::Send + ::core::marker::Sync + 'static>() {}
        )
    });
    let arms = shape.variants.iter().map(|variant| {
        let members: Vec<_> = variant.fields.iter().map(|f| &f.member).collect();
        let names: Vec<_> = (0..members.len()).map(|i| format_ident!("__f{i}")).collect();
        let looks = variant.fields.iter().zip(&names).map(|(field, at)| {
            let ty = &field.ty;
            if field.on.is_static {
                quote!(let _ = #at;)
            } else {
                // The field's own span: "cannot lie in a heap" points at it.
                let as_trace = quote_spanned!(ty.span()=> <#ty as ::twinheap::Trace<#gc, #manager>>::trace);
                quote!(#as_trace(#at, __visitor);)
            }
        });
        let path = variant.name.as_ref().map(|v| quote!(::#v));
        quote!(Self #path { #(#members: #names),* } => { #(#looks)* })
    });
    let body = if shape.is_enum && shape.variants.is_empty() {
        quote!(match *self {})
    } else {
        quote!(match self { #(#arms)* })
    };

    quote! {
        const _: () = {
            mod __id {
                pub struct #name<#(#id_params,)* #(#id_consts),*>(
                    ::core::marker::PhantomData<fn() -> (#(::core::marker::PhantomData<#id_holds>,)*)>,
                );
            }
            #leaf

            #[automatically_derived]
            impl #own_generics ::twinheap::derive::MustNotImplDrop for #name #ty_generics #own_where {}

            // SAFETY: every field of every variant once, none of them user code.  No `Drop` (`MustNotImplDrop`), so
            // none that reaches a reference.  Fields are `Trace` or checked leaves, so any thread may share them.
            #[automatically_derived]
            unsafe impl #impl_generics ::twinheap::Trace<#gc, #manager> for #name #ty_generics #where_clause {
                type Id = __id::#name<#(#id_arguments,)* #(#id_const_arguments),*>;
                const NEEDS_TRACE: bool = false #(|| #needs)*;
                const DROP: ::twinheap::derive::DropKind = ::twinheap::derive::worst_drop(&[#(#drops),*]);
                #fixed
                #kind
                #finalize
                #release
                #tag
                #counted
                #in_order
                #[inline]
                #[allow(unused_variables)]
                fn trace<__V: ::twinheap::Visitor<#manager>>(&self, __visitor: &mut __V) {
                    #(#checks)*
                    #body
                }
            }
        };
    }
}

/// The type whose constants stand for the field's, unless that may be any.
fn askable(field: &Field) -> Option<&syn::Type> {
    match &field.recursion {
        Recursion::None => Some(&field.ty),
        Recursion::Known { without, .. } => Some(without),
        Recursion::Unknown => None,
    }
}

/// Whether the field may own the type by way of a cell.
fn in_a_cell(field: &Field) -> bool {
    matches!(field.recursion, Recursion::Known { .. }) && mentions(&field.ty, &format_ident!("GcCell"))
}

fn needs_trace(field: &Field, gc: &Lifetime, manager: &syn::Type) -> TokenStream {
    match askable(field) {
        _ if field.on.is_static => quote!(false),
        None => quote!(true),
        Some(ty) => quote!(<#ty as ::twinheap::Trace<#gc, #manager>>::NEEDS_TRACE),
    }
}

fn is_fixed(field: &Field, gc: &Lifetime, manager: &syn::Type) -> TokenStream {
    match askable(field) {
        _ if field.on.is_static => quote!(true),
        None => quote!(false),
        // A cell on the way to the type itself holds whatever the type does.
        Some(_) if in_a_cell(field) => quote!(!<Self as ::twinheap::Trace<#gc, #manager>>::NEEDS_TRACE),
        Some(ty) => quote!(<#ty as ::twinheap::Trace<#gc, #manager>>::FIXED),
    }
}

fn drop_kind(field: &Field, gc: &Lifetime, manager: &syn::Type) -> TokenStream {
    match askable(field) {
        Some(ty) if !field.on.is_static => quote!(<#ty as ::twinheap::Trace<#gc, #manager>>::DROP),
        _ => {
            let ty = &field.ty;
            quote! {
                if ::core::mem::needs_drop::<#ty>() {
                    ::twinheap::derive::DropKind::Arbitrary
                } else {
                    ::twinheap::derive::DropKind::None
                }
            }
        }
    }
}
