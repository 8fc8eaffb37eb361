//! Checks an expression: names become whole variables, and the work is estimated.

use cel::IdedExpr;
use cel::common::ast::operators::{CONDITIONAL, IN, INDEX, LOGICAL_AND};
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr};

use crate::facts::{MAX_ITEMS, MAX_TEXT, find_variable};
use crate::policy::Phase;
use crate::reading::nearest;

use super::functions::{self, Growth};

/// How much work an expression may be, in steps.
const MAX_COST: u64 = 5_000_000;
/// How large a value an expression may make, in bytes.
const MAX_SIZE: u64 = 4 * 1024 * 1024;
/// How long a number or a time is as text, in bytes.
const NUMBER: u64 = 40;
/// How large a regular expression may become when it is compiled, in bytes.
const MAX_REGEX: usize = 64 * 1024;
/// Steps that compiling one takes.
const REGEX_COST: u64 = 500;
/// Steps that it takes to read a variable that is a map.
const MAP_COST: u64 = 500;
/// How many items a step compares.
const COMPARISONS_A_STEP: u64 = 16;
/// How many bytes of text a step handles.
const BYTES_A_STEP: u64 = 4096;

/// Checks an expression and makes each of its variables one identifier.
pub(super) fn check(expression: &mut IdedExpr, phase: Phase) -> Result<(), String> {
    let mut checker = Checker { phase, scope: Vec::new() };
    checker.expression(expression).map(|_| ())
}

/// At most how much an expression is.
#[derive(Clone, Copy, Default)]
struct Estimate {
    /// Steps to evaluate it.
    cost: u64,
    /// Bytes of its value.
    size: u64,
    /// The same on average over the loops around: the items of a list are together no longer than the list.
    mean: u64,
    /// Items of its value, if it is a list or a map.
    items: u64,
}

struct Checker {
    phase: Phase,
    /// The variables of the loops around.
    scope: Vec<(String, Estimate)>,
}

impl Checker {
    fn expression(&mut self, expression: &mut IdedExpr) -> Result<Estimate, String> {
        let estimate = self.estimate(expression)?;
        match estimate.cost > MAX_COST || estimate.size > MAX_SIZE {
            true => Err("evaluating it could take too long; make it simpler, or nest fewer loops".to_owned()),
            false => Ok(estimate),
        }
    }

    fn estimate(&mut self, expression: &mut IdedExpr) -> Result<Estimate, String> {
        match &mut expression.expr {
            Expr::Literal(literal) => Ok(Estimate::of(1, literal_size(literal), 0)),
            Expr::Ident(_) | Expr::Select(_) => self.name(expression),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => {
                let items = list.elements.len() as u64;
                let all = self.sum(list.elements.iter_mut())?;
                Ok(Estimate { items, ..all })
            }
            Expr::Map(map) => {
                let mut all = Estimate { cost: 1, ..Estimate::default() };
                for entry in &mut map.entries {
                    let EntryExpr::MapEntry(entry) = &mut entry.expr else { continue };
                    let one = self.sum([&mut entry.key, &mut entry.value].into_iter())?;
                    all = Estimate { items: all.items + 1, ..add(all, one) };
                }
                Ok(all)
            }
            Expr::Struct(made) => Err(format!("`{}` can't be made here", made.type_name)),
            Expr::Unspecified => Err("it is empty".to_owned()),
        }
    }

    fn sum<'e>(&mut self, all: impl Iterator<Item = &'e mut IdedExpr>) -> Result<Estimate, String> {
        let mut sum = Estimate { cost: 1, ..Estimate::default() };
        for one in all {
            let one = self.expression(one)?;
            sum = Estimate { items: sum.items.max(one.items), ..add(sum, one) };
        }
        Ok(sum)
    }

    /// A variable, a field of one, or a field of another expression's value.
    fn name(&mut self, expression: &mut IdedExpr) -> Result<Estimate, String> {
        let Some((segments, tested)) = segments(&expression.expr) else {
            let Expr::Select(select) = &mut expression.expr else { return Err("it is empty".to_owned()) };
            let operand = self.expression(&mut select.operand)?;
            return Ok(Estimate { cost: operand.cost.saturating_add(1), ..operand });
        };
        if let Some((_, estimate)) = self.scope.iter().rev().find(|(name, _)| *name == segments[0]) {
            return Ok(Estimate { cost: 1 + segments.len() as u64, ..*estimate });
        }
        let variable = find_variable(&segments, self.phase)?;
        let id = expression.id;
        let rest = &segments[variable.segments..];
        let is_there = Expr::Ident(format!("?{}", variable.name));
        expression.expr = match (tested, rest.is_empty()) {
            (true, true) => is_there,
            // What is in nothing is not there either.
            (true, false) => {
                let both = [is_there, selected(id, variable.name, rest, true)];
                let args = both.map(|expr| IdedExpr { id, expr }).to_vec();
                Expr::Call(CallExpr { func_name: LOGICAL_AND.to_owned(), target: None, args })
            }
            (false, _) => selected(id, variable.name, rest, false),
        };
        let cost = segments.len() as u64 + if variable.is_map { MAP_COST } else { 2 };
        Ok(Estimate::of(cost, MAX_TEXT as u64, MAX_ITEMS as u64))
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<Estimate, String> {
        if let Some(target) = &call.target
            && let Some((segments, false)) = segments(&target.expr)
            && let [namespace] = segments.as_slice()
            && functions::is_namespace(namespace)
            && !self.scope.iter().any(|(name, _)| name == namespace)
        {
            call.func_name = format!("{namespace}.{}", call.func_name);
            call.target = None;
        }
        let name = call.func_name.clone();
        let function = functions::find(&name).ok_or_else(|| {
            if functions::NOT_OFFERED.contains(&name.as_str()) {
                // CEL has another name for `sortBy` inside.
                let written = if name.starts_with('@') { "sortBy" } else { &name };
                return format!("this edge does not offer `{written}`");
            }
            let near = nearest(&name, functions::names());
            let advice = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            format!("there is no function `{name}`{advice}")
        })?;
        if function.from > self.phase {
            return Err(format!("`{name}` is possible from {} on", function.from));
        }
        if let Some(map) = function.reads {
            call.args.insert(0, IdedExpr { id: 0, expr: Expr::Ident(map.to_owned()) });
        }
        lower_header_names(call);
        if name == "matches" {
            check_pattern(call.args.last())?;
        }
        let start = usize::from(function.reads.is_some());
        let mut all = Estimate { cost: 1, ..Estimate::default() };
        let mut sizes = Vec::new();
        if let Some(target) = &mut call.target {
            let target = self.expression(target)?;
            sizes.push(target);
            all = Estimate { items: target.items, ..add(all, target) };
        }
        for argument in &mut call.args[start..] {
            let argument = self.expression(argument)?;
            sizes.push(argument);
            all = Estimate { items: all.items.saturating_add(argument.items), ..add(all, argument) };
        }
        all.cost = all.cost.saturating_add(all.mean / BYTES_A_STEP);
        if name == "matches" {
            all.cost = all.cost.saturating_add(REGEX_COST);
        }
        if function.reads.is_some() {
            all = Estimate::of(all.cost + MAP_COST, MAX_TEXT as u64, MAX_ITEMS as u64);
        }
        if name == INDEX {
            // An item has no more items than what it is an item of.
            all.items = sizes.first().map_or(0, |indexed| indexed.items);
        }
        if let (CONDITIONAL, [_, one, other]) = (name.as_str(), sizes.as_slice()) {
            all.size = one.size.max(other.size);
            all.mean = one.mean.max(other.mean);
        }
        Ok(grown(all, &sizes, function.growth))
    }

    fn comprehension(&mut self, comprehension: &mut ComprehensionExpr) -> Result<Estimate, String> {
        let range = self.expression(&mut comprehension.iter_range)?;
        let initial = self.expression(&mut comprehension.accu_init)?;
        let names = [Some(comprehension.iter_var.clone()), comprehension.iter_var2.clone()];
        let depth = self.scope.len();
        for name in names.into_iter().flatten() {
            if functions::is_namespace(&name)
                || ["actions", "conn", "endpoint", "req", "res", "time"].contains(&name.as_str())
            {
                return Err(format!("`{name}` can't be a loop's variable, since it means something else"));
            }
            let mean = range.mean / range.items.max(1) + 1;
            self.scope.push((name, Estimate { mean, ..range }));
        }
        self.scope.push((comprehension.accu_var.clone(), Estimate::default()));
        let condition = self.expression(&mut comprehension.loop_cond)?;
        let step = self.expression(&mut comprehension.loop_step)?;
        let last = self.scope.len() - 1;
        // `map` and `filter` gather what each turn makes; the others keep a number or a truth value.
        let gathers = matches!(comprehension.accu_init.expr, Expr::List(_));
        let gathered = |first: u64, once: u64, each: u64| match gathers {
            true => first.saturating_add(range.items.saturating_mul(each)),
            false => first.saturating_add(once),
        };
        let size = gathered(initial.size, step.size, step.mean);
        let mean = gathered(initial.mean, step.mean, step.mean);
        let items = gathered(initial.items, step.items, step.items.max(1));
        self.scope[last].1 = Estimate { cost: 1, size, mean, items };
        let result = self.expression(&mut comprehension.result)?;
        self.scope.truncate(depth);
        let once = condition.cost.saturating_add(step.cost).saturating_add(2);
        let cost = range
            .cost
            .saturating_add(initial.cost)
            .saturating_add(result.cost)
            .saturating_add(range.items.saturating_mul(once));
        Ok(Estimate { cost, size, mean, items })
    }
}

impl Estimate {
    fn of(cost: u64, size: u64, items: u64) -> Self {
        Self { cost, size, mean: size, items }
    }
}

fn add(one: Estimate, other: Estimate) -> Estimate {
    Estimate {
        cost: one.cost.saturating_add(other.cost),
        size: one.size.saturating_add(other.size),
        mean: one.mean.saturating_add(other.mean),
        items: one.items,
    }
}

fn grown(all: Estimate, arguments: &[Estimate], growth: Growth) -> Estimate {
    match growth {
        Growth::Sum => all,
        Growth::Scalar => Estimate::of(all.cost, NUMBER, 0),
        Growth::Encoded => {
            let encoded = |size: u64| size.saturating_mul(6).saturating_add(16);
            Estimate { size: encoded(all.size), mean: encoded(all.mean), ..all }
        }
        Growth::Compared => {
            let compared = all.items.saturating_mul(all.items) / COMPARISONS_A_STEP;
            Estimate { cost: all.cost.saturating_add(compared).saturating_add(all.items), ..all }
        }
        Growth::Pieces => Estimate { items: all.size.saturating_add(1), ..all },
        Growth::Product => {
            let product = arguments
                .iter()
                .fold(1u64, |product, one| product.saturating_mul(one.size.max(one.items) + 1));
            Estimate::of(all.cost.saturating_add(product / BYTES_A_STEP), product, 0)
        }
    }
}

fn literal_size(literal: &LiteralValue) -> u64 {
    match literal {
        LiteralValue::String(text) => text.inner().len() as u64,
        LiteralValue::Bytes(bytes) => bytes.inner().len() as u64,
        _ => NUMBER,
    }
}

/// The segments of a name, `a.b.c`; and whether it is only asked whether the last is there, `has(a.b.c)`.
fn segments(expression: &Expr) -> Option<(Vec<String>, bool)> {
    match expression {
        Expr::Ident(name) => Some((vec![name.clone()], false)),
        Expr::Select(select) => {
            let (mut segments, tested) = segments(&select.operand.expr)?;
            segments.push(select.field.clone());
            (!tested).then_some((segments, select.test))
        }
        _ => None,
    }
}

/// A whole variable with the fields that are selected from it.
fn selected(id: u64, variable: String, fields: &[String], tested: bool) -> Expr {
    let mut expression = Expr::Ident(variable);
    for (at, field) in fields.iter().enumerate() {
        let operand = Box::new(IdedExpr { id, expr: expression });
        let test = tested && at + 1 == fields.len();
        expression = Expr::Select(SelectExpr { operand, field: field.clone(), test });
    }
    expression
}

/// Header names are in lower case in the facts; `req.headers['User-Agent']` and `'Host' in req.headers` mean the same.
fn lower_header_names(call: &mut CallExpr) {
    let key = match call.func_name.as_str() {
        INDEX => 1,
        IN => 0,
        _ => return,
    };
    let [_, _] = call.args.as_slice() else { return };
    let is_headers = segments(&call.args[1 - key].expr).is_some_and(|(segments, _)| {
        matches!(segments.join(".").as_str(), "req.headers" | "res.headers" | "req.Headers" | "res.Headers")
    });
    if is_headers && let Expr::Literal(LiteralValue::String(name)) = &mut call.args[key].expr {
        let lower = name.inner().to_ascii_lowercase();
        *name = lower.into();
    }
}

/// Patterns are compiled at each evaluation, so they are written out, and small.
fn check_pattern(pattern: Option<&IdedExpr>) -> Result<(), String> {
    let Some(Expr::Literal(LiteralValue::String(pattern))) = pattern.map(|pattern| &pattern.expr) else {
        return Err("the pattern of `matches` has to be written out".to_owned());
    };
    let compiled = regex::RegexBuilder::new(pattern.inner()).size_limit(MAX_REGEX).build();
    compiled.map(|_| ()).map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("`{}` is no regular expression that is possible here ({last})", pattern.inner())
    })
}
