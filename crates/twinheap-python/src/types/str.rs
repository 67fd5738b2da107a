//! `str`: methods, indexing, `%`. Texts are UTF-8; positions are code points, free of cost where all is ASCII.

use crate::{
    num::int::is_space,
    object::*,
    text::{
        percent::{Segment, Segments, Size},
        printable, quote,
    },
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::Methods,
        natives::{MANY, def, def_kw, def_raw},
    },
};
use twinheap::{Gc, OneMutator, Val};

/// The text of argument 0.
pub fn text<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, Str, M>> {
    let v = vm.arg(a, 0);
    let v = vm.unwrapped(v);
    match v.downcast::<Str>() {
        Ok(s) => Ok(s),
        Err(v) => {
            let t = vm.type_name(&v);
            Err(vm.raise(E::TypeError, &format!("descriptor for 'str' objects doesn't apply to a '{t}' object")))
        }
    }
}
/// Character `i`.
pub fn char_at<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>, i: usize) -> R<'gc, M> {
    let Some(s) = v.downcast_ref::<Str>() else { return Ok(Val::none()) };
    if s.header().chars == s.len() {
        return Ok(Val::from_gc(vm.rt.chars[s.text().as_bytes()[i] as usize].clone()));
    }
    let c = s.text().chars().nth(i).unwrap_or('\0');
    let mut buffer = [0; 4];
    vm.str(c.encode_utf8(&mut buffer))
}
fn byte_at(s: &str, i: usize) -> usize {
    if s.is_ascii() { i.min(s.len()) } else { s.char_indices().nth(i).map_or(s.len(), |(b, _)| b) }
}
fn chars_before(s: &str, byte: usize) -> usize {
    if s.is_ascii() { byte } else { s[..byte].chars().count() }
}
/// The part between optional start (argument `i`) and stop, and its first code point's number.
fn window<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    a: Args,
    s: &Gc<'gc, Str, M>,
    i: usize,
) -> R<'gc, M, Option<(usize, usize)>> {
    let n = s.header().chars as i64;
    let clamp = |x: i64| if x < 0 { (x + n).max(0) } else { x };
    let from = clamp(vm.int_arg_or(a, i, 0)?);
    let to = clamp(vm.int_arg_or(a, i + 1, n)?).min(n);
    if from > to {
        return Ok(None);
    }
    Ok(Some((byte_at(s.text(), from as usize), byte_at(s.text(), to as usize))))
}
fn simple<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: impl Fn(&str) -> String) -> R<'gc, M> {
    let s = text(vm, a)?;
    vm.str(&f(s.text()))
}
fn test<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: impl Fn(char) -> bool) -> R<'gc, M> {
    let s = text(vm, a)?;
    Ok(Val::bool(!s.is_empty() && s.text().chars().all(f)))
}
fn capitalize(s: &str) -> String {
    let mut chars = s.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect())
}
fn title(s: &str) -> String {
    let mut cased = false;
    let mut out = String::new();
    for c in s.chars() {
        if cased {
            out.extend(c.to_lowercase())
        } else {
            out.extend(c.to_uppercase())
        }
        cased = c.is_alphabetic();
    }
    out
}
fn find<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, last: bool, must: bool) -> R<'gc, M> {
    let s = text(vm, a)?;
    let sub = vm.str_arg(a, 1, "must be str, not")?;
    if let Some((from, to)) = window(vm, a, &s, 2)? {
        let part = &s.text()[from..to];
        if let Some(at) = if last { part.rfind(sub.text()) } else { part.find(sub.text()) } {
            return Ok(Val::index(chars_before(s.text(), from + at)));
        }
    }
    if must { Err(vm.raise(E::ValueError, "substring not found")) } else { Ok(Val::small(-1).unwrap_or_default()) }
}
fn count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    let sub = vm.str_arg(a, 1, "argument 1")?;
    let n = match window(vm, a, &s, 2)? {
        Some((from, to)) if sub.is_empty() => s.text()[from..to].chars().count() + 1,
        Some((from, to)) => s.text()[from..to].matches(sub.text()).count(),
        None => 0,
    };
    Ok(Val::index(n))
}
fn affix<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, end: bool) -> R<'gc, M> {
    let s = text(vm, a)?;
    let p = vm.arg(a, 1);
    let all = match p.downcast_ref::<Tuple<'gc, M>>() {
        Some(t) => t.tail().to_vec(),
        None => vec![p],
    };
    let Some((from, to)) = window(vm, a, &s, 2)? else { return Ok(Val::bool(false)) };
    let part = &s.text()[from..to];
    for p in all {
        let Some(p) = p.downcast_ref::<Str>() else {
            let (name, t) = (if end { "endswith" } else { "startswith" }, vm.type_name(&p));
            return Err(vm.raise(E::TypeError, &format!("{name} first arg must be str or a tuple of str, not {t}")));
        };
        if if end { part.ends_with(p.text()) } else { part.starts_with(p.text()) } {
            return Ok(Val::bool(true));
        }
    }
    Ok(Val::bool(false))
}
fn strip<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, left: bool, right: bool) -> R<'gc, M> {
    let s = text(vm, a)?;
    let set: Option<Vec<char>> =
        if vm.given(a, 1) { Some(vm.str_arg(a, 1, "strip arg")?.text().chars().collect()) } else { None };
    let hit = |c: char| set.as_ref().map_or(is_space(c), |set| set.contains(&c));
    let mut t = s.text();
    if left {
        t = t.trim_start_matches(hit)
    }
    if right {
        t = t.trim_end_matches(hit)
    }
    if t.len() == s.len() { Ok(Val::from_gc(s)) } else { vm.str(t) }
}
fn split<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, from_right: bool) -> R<'gc, M> {
    let s = text(vm, a)?;
    let max = vm.int_arg_or(a, 2, -1)?;
    let max = if max < 0 { usize::MAX } else { max as usize };
    let t = s.text();
    let mut parts: Vec<&str> = Vec::new();
    if vm.given(a, 1) {
        let sep = vm.str_arg(a, 1, "must be str or None, not")?;
        if sep.is_empty() {
            return Err(vm.raise(E::ValueError, "empty separator"));
        }
        if from_right {
            parts = t.rsplitn(max.saturating_add(1), sep.text()).collect();
            parts.reverse();
        } else {
            parts = t.splitn(max.saturating_add(1), sep.text()).collect();
        }
        let items = parts.into_iter().map(|p| vm.str(p)).collect::<Result<Vec<_>, _>>()?;
        return vm.list(items);
    }
    if from_right {
        let mut rest = t.trim_end_matches(is_space);
        while !rest.is_empty() {
            if parts.len() == max {
                parts.push(rest);
                break;
            }
            match rest.rfind(is_space) {
                Some(i) => {
                    let w = rest[i..].chars().next().map_or(1, char::len_utf8);
                    parts.push(&rest[i + w..]);
                    rest = rest[..i].trim_end_matches(is_space);
                }
                None => {
                    parts.push(rest);
                    break;
                }
            }
        }
        parts.reverse();
    } else {
        let mut rest = t.trim_start_matches(is_space);
        while !rest.is_empty() {
            if parts.len() == max {
                parts.push(rest.trim_end_matches(is_space));
                break;
            }
            match rest.find(is_space) {
                Some(i) => {
                    parts.push(&rest[..i]);
                    rest = rest[i..].trim_start_matches(is_space);
                }
                None => {
                    parts.push(rest);
                    break;
                }
            }
        }
    }
    let items = parts.into_iter().map(|p| vm.str(p)).collect::<Result<Vec<_>, _>>()?;
    vm.list(items)
}
fn splitlines<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    let keep = a.n > 1 && vm.arg(a, 1).is_true();
    let mut items = Vec::new();
    let mut rest = s.text();
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}']);
        let (line, next) = match end {
            Some(i) => {
                let w =
                    if rest[i..].starts_with("\r\n") { 2 } else { rest[i..].chars().next().map_or(1, char::len_utf8) };
                (if keep { &rest[..i + w] } else { &rest[..i] }, &rest[i + w..])
            }
            None => (rest, ""),
        };
        items.push(vm.str(line)?);
        rest = next;
    }
    vm.list(items)
}
fn join<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    let v = vm.arg(a, 1);
    let items = match vm.items_or_ask("_with_str_join", a, 1) {
        Err(e) if !e.is_ask() && vm.is_error(&e, E::TypeError) && !matches!(v.kind(), Kind::Instance) => {
            return Err(vm.raise(E::TypeError, "can only join an iterable"));
        }
        out => out?,
    };
    let mut total = 0usize;
    for (i, v) in items.iter().enumerate() {
        let w = if v.kind() == Kind::Str { v.clone() } else { vm.unwrapped(v.clone()) };
        match w.downcast_ref::<Str>() {
            Some(t) => total = total.saturating_add(t.len() + s.len()),
            None => {
                let t = vm.type_name(v);
                return Err(vm.raise(E::TypeError, &format!("sequence item {i}: expected str instance, {t} found")));
            }
        }
    }
    vm.reserve_many(total, 2)?;
    let mut out = String::with_capacity(total);
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(s.text())
        }
        let w = if v.kind() == Kind::Str { v.clone() } else { vm.unwrapped(v.clone()) };
        if let Some(t) = w.downcast_ref::<Str>() {
            out.push_str(t.text())
        }
    }
    vm.str(&out)
}
fn replace<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    let (old, new) = (vm.str_arg(a, 1, "replace() argument 1")?, vm.str_arg(a, 2, "replace() argument 2")?);
    let n = vm.int_arg_or(a, 3, -1)?;
    let most = if n < 0 { usize::MAX } else { n as usize };
    let hits = s.text().matches(old.text()).take(most).count();
    // Twice: the result is made in a buffer and copied into the heap.
    let size = (s.len() - hits * old.len()).saturating_add(hits.saturating_mul(new.len()));
    vm.reserve_many(size, 2)?;
    let (mut out, mut from) = (String::with_capacity(size), 0);
    for (at, _) in s.text().match_indices(old.text()).take(most) {
        out.push_str(&s.text()[from..at]);
        out.push_str(new.text());
        from = at + old.len();
    }
    out.push_str(&s.text()[from..]);
    vm.str(&out)
}
fn pad<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, how: u8) -> R<'gc, M> {
    let s = text(vm, a)?;
    let width = vm.int_arg(a, 1)?.max(0) as usize;
    let fill = if a.n > 2 { vm.str_arg(a, 2, "the fill character")?.text().chars().next().unwrap_or(' ') } else { ' ' };
    let n = s.header().chars;
    if width <= n {
        return Ok(Val::from_gc(s));
    }
    let more = width - n;
    let size = more.saturating_mul(fill.len_utf8()).saturating_add(s.len());
    // Twice: the result is made in a buffer and copied into the heap.
    vm.reserve_many(size, 2)?;
    let (sign, digits) = match s.text().chars().next() {
        Some('+' | '-') if how == 3 => s.text().split_at(1),
        _ => ("", s.text()),
    };
    let (fill, left) = match how {
        0 => (fill, 0),
        1 => (fill, more),
        // CPython's rounding: the odd one goes left if width is odd.
        2 => (fill, more / 2 + (more & width & 1)),
        _ => ('0', more),
    };
    let mut out = String::with_capacity(size);
    out.push_str(sign);
    out.extend(std::iter::repeat_n(fill, left));
    out.push_str(digits);
    out.extend(std::iter::repeat_n(fill, more - left));
    vm.str(&out)
}
fn partition<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, last: bool) -> R<'gc, M> {
    let s = text(vm, a)?;
    let sep = vm.str_arg(a, 1, "must be str, not")?;
    if sep.is_empty() {
        return Err(vm.raise(E::ValueError, "empty separator"));
    }
    let at = if last { s.text().rfind(sep.text()) } else { s.text().find(sep.text()) };
    let (x, y, z) = match at {
        Some(i) => (&s.text()[..i], sep.text(), &s.text()[i + sep.len()..]),
        None if last => ("", "", s.text()),
        None => (s.text(), "", ""),
    };
    let items = vec![vm.str(x)?, vm.str(y)?, vm.str(z)?];
    vm.tuple(items)
}
fn remove_affix<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, end: bool) -> R<'gc, M> {
    let s = text(vm, a)?;
    let p = vm.str_arg(a, 1, "argument")?;
    let out = if end { s.text().strip_suffix(p.text()) } else { s.text().strip_prefix(p.text()) };
    match out {
        Some(t) => vm.str(t),
        None => Ok(Val::from_gc(s)),
    }
}
fn encode<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    vm.bytes(s.text().as_bytes())
}
fn expandtabs<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    let size = vm.int_arg_or(a, 1, 8)?.max(0) as usize;
    let (mut out, mut col) = (String::new(), 0);
    for c in s.text().chars() {
        match c {
            '\t' if size > 0 => {
                let n = size - col % size;
                vm.push_fill(&mut out, ' ', n)?;
                col += n
            }
            '\t' => {}
            '\n' | '\r' => {
                out.push(c);
                col = 0
            }
            c => {
                out.push(c);
                col += 1
            }
        }
    }
    vm.str(&out)
}
fn translate<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    let Some(map) = vm.arg(a, 1).downcast_ref::<Dict<'gc, M>>().cloned() else {
        return Err(vm.raise(E::TypeError, "translate() argument must be a dict here"));
    };
    let mut out = String::new();
    for c in s.text().chars() {
        match vm.dict_get(&map, &Val::index(c as usize))? {
            None => out.push(c),
            Some(v) if v.is_none() => {}
            Some(v) => match (v.as_int(), v.downcast_ref::<Str>()) {
                (Some(i), _) => out.extend(char::from_u32(i as u32)),
                (_, Some(t)) => vm.push_text(&mut out, t.text())?,
                _ => {}
            },
        }
    }
    vm.str(&out)
}
fn maketrans<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = vm.dict(Default::default())?;
    if a.n == 1 {
        if let Some(m) = vm.arg(a, 0).downcast_ref::<Dict<'gc, M>>() {
            let pairs: Vec<_> = m.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).collect();
            for (k, v) in pairs {
                let k = match k.downcast_ref::<Str>() {
                    Some(s) => Val::index(s.text().chars().next().map_or(0, |c| c as usize)),
                    None => k,
                };
                vm.dict_set(&d, k, v)?
            }
        }
        return Ok(Val::from_gc(d));
    }
    let (x, y) = (vm.str_arg(a, 0, "argument 1")?, vm.str_arg(a, 1, "argument 2")?);
    for (p, q) in x.text().chars().zip(y.text().chars()) {
        vm.dict_set(&d, Val::index(p as usize), Val::index(q as usize))?
    }
    if a.n > 2 {
        for c in vm.str_arg(a, 2, "argument 3")?.text().chars() {
            vm.dict_set(&d, Val::index(c as usize), Val::none())?
        }
    }
    Ok(Val::from_gc(d))
}
/// `str.format`
fn format<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    let (args, keywords) = (vm.args_from(a, 1), vm.keywords(a));
    let mut auto = 0;
    let out = format_into(vm, s.text(), &args, &keywords, &mut auto, 0)?;
    vm.str(&out)
}
fn format_into<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    text: &str,
    args: &[V<'gc, M>],
    keywords: &[(String, V<'gc, M>)],
    auto: &mut usize,
    depth: u32,
) -> R<'gc, M, String> {
    if depth > 2 {
        return Err(vm.raise(E::ValueError, "Max string recursion exceeded"));
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(i) = rest.find(['{', '}']) {
        out.push_str(&rest[..i]);
        let c = rest.as_bytes()[i];
        if rest.as_bytes().get(i + 1) == Some(&c) {
            out.push(c as char);
            rest = &rest[i + 2..];
            continue;
        }
        if c == b'}' {
            return Err(vm.raise(E::ValueError, "Single '}' encountered in format string"));
        }
        let mut level = 0;
        let end = rest[i..].char_indices().find(|&(_, c)| {
            level += (c == '{') as i32 - (c == '}') as i32;
            level == 0
        });
        let Some((end, _)) = end else {
            return Err(vm.raise(E::ValueError, "expected '}' before end of string"));
        };
        let field = &rest[i + 1..i + end];
        rest = &rest[i + end + 1..];
        let mut bracket = 0;
        let cut = field.char_indices().find(|&(_, c)| {
            bracket += (c == '[') as i32 - (c == ']') as i32;
            bracket == 0 && (c == ':' || c == '!')
        });
        let (name, tail) = match cut {
            Some((i, _)) => (&field[..i], &field[i..]),
            None => (field, ""),
        };
        let (conversion, spec) = match tail.strip_prefix('!') {
            Some(t) => (t.chars().next(), t.get(1..).and_then(|t| t.strip_prefix(':')).unwrap_or("")),
            None => (None, tail.strip_prefix(':').unwrap_or("")),
        };
        let head = name.find(['.', '[']).unwrap_or(name.len());
        let first = &name[..head];
        let mut v = if first.is_empty() || first.bytes().all(|b| b.is_ascii_digit()) {
            let n = match first.parse::<usize>() {
                Ok(n) => n,
                Err(_) => {
                    *auto += 1;
                    *auto - 1
                }
            };
            match args.get(n) {
                Some(v) => v.clone(),
                None => {
                    let text = format!("Replacement index {n} out of range for positional args tuple");
                    return Err(vm.raise(E::IndexError, &text));
                }
            }
        } else {
            match keywords.iter().find(|k| k.0 == first) {
                Some(k) => k.1.clone(),
                None => {
                    let k = vm.str(first)?;
                    return Err(vm.raise_with(E::KeyError, vec![k]));
                }
            }
        };
        let mut path = &name[head..];
        while !path.is_empty() {
            if let Some(p) = path.strip_prefix('.') {
                let n = p.find(['.', '[']).unwrap_or(p.len());
                let attr = vm.intern(&p[..n])?;
                v = vm.get_attr(&v, &attr)?;
                path = &p[n..];
            } else {
                let n = path.find(']').unwrap_or(path.len() - 1);
                let key = &path[1..n];
                let key = match key.parse::<i64>() {
                    Ok(i) => vm.int(i)?,
                    Err(_) => vm.str(key)?,
                };
                let (depth, step) = (vm.frames.len(), vm.subscr(v, key)?);
                v = vm.settle(step, depth)?;
                path = &path[n + 1..];
            }
        }
        let spec = format_into(vm, spec, args, keywords, auto, depth + 1)?;
        let v = match conversion {
            Some('r') => {
                let t = vm.repr_text(&v)?;
                vm.str(&t)?
            }
            Some('s') => {
                let t = vm.str_text(&v)?;
                vm.str(&t)?
            }
            Some('a') => {
                let t = vm.repr_text(&v)?;
                vm.str(&quote::escape_non_ascii(&t))?
            }
            _ => v,
        };
        let t = vm.format_text(&v, &spec)?;
        vm.push_text(&mut out, &t)?;
    }
    out.push_str(rest);
    Ok(out)
}
/// `text % args`
pub fn percent<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, s: &V<'gc, M>, args: &V<'gc, M>) -> R<'gc, M> {
    let Some(s) = s.downcast_ref::<Str>().cloned() else { return Ok(Val::none()) };
    let tuple: Vec<V<'gc, M>> = match args.downcast_ref::<Tuple<'gc, M>>() {
        Some(t) => t.tail().to_vec(),
        None => vec![args.clone()],
    };
    let mapping = if args.kind() == Kind::Tuple || args.kind() == Kind::Str { None } else { Some(args.clone()) };
    let (mut next, mut used_key) = (0, false);
    let mut out = String::new();
    for piece in Segments::new(s.text()) {
        let mut c = match piece {
            Ok(Segment::Literal(t)) => {
                vm.push_text(&mut out, t)?;
                continue;
            }
            Ok(Segment::Conversion(c)) => c,
            Err(m) => return Err(vm.raise(E::ValueError, &m)),
        };
        let mut take = |vm: &mut Vm<'gc, M>| match tuple.get(next) {
            Some(v) => {
                next += 1;
                Ok(v.clone())
            }
            None => Err(vm.raise(E::TypeError, "not enough arguments for format string")),
        };
        if c.width == Some(Size::Star) {
            let n = take(vm)?;
            c.set_width(vm.to_index(&n)?)
        }
        if c.precision == Some(Size::Star) {
            let n = take(vm)?;
            c.set_precision(vm.to_index(&n)?)
        }
        // Padding and zeros, made apart and then put together.
        vm.reserve_many(c.least_size(), 4)?;
        let v = match c.key {
            Some(k) => {
                let Some(m) = mapping.clone() else {
                    return Err(vm.raise(E::TypeError, "format requires a mapping"));
                };
                used_key = true;
                let k = vm.str(k)?;
                let (depth, step) = (vm.frames.len(), vm.subscr(m, k)?);
                vm.settle(step, depth)?
            }
            None => take(vm)?,
        };
        let made = match c.ty {
            's' => {
                let t = vm.str_text(&v)?;
                c.text(&t)
            }
            'r' => {
                let t = vm.repr_text(&v)?;
                c.text(&t)
            }
            'a' => {
                let t = vm.repr_text(&v)?;
                c.text(&quote::escape_non_ascii(&t))
            }
            'c' => match (v.as_int(), v.downcast_ref::<Str>()) {
                (Some(i), _) => match u32::try_from(i).ok().and_then(char::from_u32) {
                    Some(ch) => c.char(ch),
                    None => return Err(vm.raise(E::OverflowError, "%c arg not in range(0x110000)")),
                },
                (_, Some(t)) if t.header().chars == 1 => c.char(t.text().chars().next().unwrap_or(' ')),
                _ => return Err(vm.raise(E::TypeError, "%c requires int or char")),
            },
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let x = vm.to_f64(&v)?;
                c.float(x)
            }
            ty => {
                let w = vm.unwrapped(v.clone());
                let i = match w.kind() {
                    Kind::Float if matches!(ty, 'd' | 'i' | 'u') => {
                        let f = vm.as_f64(&w).unwrap_or(0.0);
                        crate::num::float::to_bigint(f.trunc())
                    }
                    _ => vm.as_big(&w),
                };
                match i {
                    Some(i) => c.int(&i),
                    None => {
                        let t = vm.type_name(&v);
                        let what = if matches!(ty, 'd' | 'i' | 'u') {
                            "a real number is required"
                        } else {
                            "an integer is required"
                        };
                        return Err(vm.raise(E::TypeError, &format!("%{ty} format: {what}, not {t}")));
                    }
                }
            }
        };
        match made {
            Ok(t) => vm.push_text(&mut out, &t)?,
            Err(e) => return Err(vm.format_error(e)),
        }
    }
    if next < tuple.len() && !used_key && (mapping.is_none() || !matches!(args.kind(), Kind::Dict)) {
        return Err(vm.raise(E::TypeError, "not all arguments converted during string formatting"));
    }
    vm.str(&out)
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let class = vm.arg(a, 0);
    let v = vm.arg(a, 1);
    if v.is_empty() {
        let s = vm.str("")?;
        return super::tuple::wrap(vm, &class, s);
    }
    if let Some(b) = v.downcast_ref::<Bytes>()
        && !vm.arg(a, 2).is_empty()
    {
        let t = String::from_utf8_lossy(b.tail()).into_owned();
        return vm.str(&t);
    }
    if vm.is_exact(&class) {
        return match vm.str_step(v)? {
            crate::vm::Step::Value(v) => Ok(v),
            crate::vm::Step::Pushed => vm.pushed(),
        };
    }
    let t = vm.str_text(&v)?;
    let s = vm.str(&t)?;
    super::tuple::wrap(vm, &class, s)
}
fn getnewargs<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = text(vm, a)?;
    Ok(Val::from_gc(s))
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    let is_id = |s: &str| {
        let mut c = s.chars();
        c.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && c.all(|c| c == '_' || c.is_alphanumeric())
    };
    let _ = is_id;
    vec![(
        T::Str,
        vec![
            def_kw("__new__", 1, &["", "object", "encoding", "errors"], new),
            def("upper", 1, 1, |vm, a| simple(vm, a, str::to_uppercase)),
            def("lower", 1, 1, |vm, a| simple(vm, a, str::to_lowercase)),
            def("casefold", 1, 1, |vm, a| simple(vm, a, str::to_lowercase)),
            def("capitalize", 1, 1, |vm, a| simple(vm, a, capitalize)),
            def("title", 1, 1, |vm, a| simple(vm, a, title)),
            def("swapcase", 1, 1, |vm, a| {
                simple(vm, a, |s| {
                    s.chars()
                        .flat_map(|c| {
                            if c.is_uppercase() {
                                c.to_lowercase().collect::<Vec<_>>()
                            } else {
                                c.to_uppercase().collect()
                            }
                        })
                        .collect()
                })
            }),
            def("isdigit", 1, 1, |vm, a| test(vm, a, |c| c.is_numeric() && c.is_ascii_digit() || c.is_ascii_digit())),
            def("isdecimal", 1, 1, |vm, a| test(vm, a, |c| crate::num::int::decimal_digit(c).is_some())),
            def("isnumeric", 1, 1, |vm, a| test(vm, a, char::is_numeric)),
            def("isalpha", 1, 1, |vm, a| test(vm, a, char::is_alphabetic)),
            def("isalnum", 1, 1, |vm, a| test(vm, a, char::is_alphanumeric)),
            def("isspace", 1, 1, |vm, a| test(vm, a, is_space)),
            def("isascii", 1, 1, |vm, a| {
                let s = text(vm, a)?;
                Ok(Val::bool(s.text().is_ascii()))
            }),
            def("isprintable", 1, 1, |vm, a| {
                let s = text(vm, a)?;
                Ok(Val::bool(s.text().chars().all(printable::is_printable)))
            }),
            def("isupper", 1, 1, |vm, a| {
                let s = text(vm, a)?;
                let t = s.text();
                Ok(Val::bool(t.chars().any(char::is_uppercase) && !t.chars().any(char::is_lowercase)))
            }),
            def("islower", 1, 1, |vm, a| {
                let s = text(vm, a)?;
                let t = s.text();
                Ok(Val::bool(t.chars().any(char::is_lowercase) && !t.chars().any(char::is_uppercase)))
            }),
            def("istitle", 1, 1, |vm, a| {
                let s = text(vm, a)?;
                Ok(Val::bool(s.text().chars().any(char::is_alphabetic) && title(s.text()) == s.text()))
            }),
            def("isidentifier", 1, 1, |vm, a| {
                let s = text(vm, a)?;
                let mut c = s.text().chars();
                Ok(Val::bool(
                    c.next().is_some_and(|c| c == '_' || c.is_alphabetic())
                        && c.all(|c| c == '_' || c.is_alphanumeric()),
                ))
            }),
            def("find", 2, 4, |vm, a| find(vm, a, false, false)),
            def("rfind", 2, 4, |vm, a| find(vm, a, true, false)),
            def("index", 2, 4, |vm, a| find(vm, a, false, true)),
            def("rindex", 2, 4, |vm, a| find(vm, a, true, true)),
            def("count", 2, 4, count),
            def("startswith", 2, 4, |vm, a| affix(vm, a, false)),
            def("endswith", 2, 4, |vm, a| affix(vm, a, true)),
            def("strip", 1, 2, |vm, a| strip(vm, a, true, true)),
            def("lstrip", 1, 2, |vm, a| strip(vm, a, true, false)),
            def("rstrip", 1, 2, |vm, a| strip(vm, a, false, true)),
            def_kw("split", 1, &["", "sep", "maxsplit"], |vm, a| split(vm, a, false)),
            def_kw("rsplit", 1, &["", "sep", "maxsplit"], |vm, a| split(vm, a, true)),
            def_kw("splitlines", 1, &["", "keepends"], splitlines),
            def("join", 2, 2, join),
            def_kw("replace", 3, &["", "", "", "count"], replace),
            def("ljust", 2, 3, |vm, a| pad(vm, a, 0)),
            def("rjust", 2, 3, |vm, a| pad(vm, a, 1)),
            def("center", 2, 3, |vm, a| pad(vm, a, 2)),
            def("zfill", 2, 2, |vm, a| pad(vm, a, 3)),
            def("partition", 2, 2, |vm, a| partition(vm, a, false)),
            def("rpartition", 2, 2, |vm, a| partition(vm, a, true)),
            def("removeprefix", 2, 2, |vm, a| remove_affix(vm, a, false)),
            def("removesuffix", 2, 2, |vm, a| remove_affix(vm, a, true)),
            def_kw("encode", 1, &["", "encoding", "errors"], encode),
            def_kw("expandtabs", 1, &["", "tabsize"], expandtabs),
            def("translate", 2, 2, translate),
            def("maketrans", 1, 3, maketrans),
            def_raw("format", 1, MANY, format),
            def("__str__", 1, 1, getnewargs),
            def("__len__", 1, 1, len),
            def("__iter__", 1, 1, iter),
            def("__getitem__", 2, 2, getitem),
            def("__contains__", 2, 2, contains),
            def("__add__", 2, 2, add),
            def("__mul__", 2, 2, mul),
            def("__mod__", 2, 2, mod_),
            def("__eq__", 2, 2, eq),
            def("__hash__", 1, 1, hash),
            def("__repr__", 1, 1, repr),
            def("__format__", 2, 2, format_),
            def("__lt__", 2, 2, lt),
        ],
        vec![],
    )]
}
