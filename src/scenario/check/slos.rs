//! Assertions: read by their own room, told at their place here.

use crate::event::{EVAL_TENANT, Name};
use crate::scenario::plan::{Phase, Provider};
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::spec::Spec;
use crate::scenario::yaml::verbatim;
use crate::slo::{self, Names, Slo, SloError};
use crate::tasks::Task;

pub(super) fn check(spec: &Spec, providers: &[Provider], phases: &[Phase], sink: &Sink<'_>) -> Vec<Slo> {
    let served =
        |p: &Provider| p.models.iter().map(|m| Name::from(format!("{}/{}", p.name, m.name))).collect::<Vec<_>>();
    let targets: Vec<Name> = providers.iter().flat_map(served).collect();
    let provider_names: Vec<Name> = providers.iter().map(|p| p.name.clone()).collect();
    let phase_names: Vec<Name> = phases.iter().map(|p| p.name.clone()).collect();
    let measures = spec.router.as_ref().is_some_and(|router| !router.evals.is_empty() || !router.swaps.is_empty());
    let of_evals = measures.then_some(EVAL_TENANT);
    let tenants = distinct(spec.load.iter().map(|s| s.tenant.as_str()).chain(of_evals));
    let tiers = distinct(spec.load.iter().map(|s| s.tier.as_str()));
    let tasks: Vec<Name> = Task::ALL.iter().map(|task| task.as_str().into()).collect();
    let chains: Vec<Name> = spec.router.iter().flat_map(|r| &r.chains).map(|c| c.name.value.as_str().into()).collect();
    let names = Names {
        targets: &targets,
        providers: &provider_names,
        phases: &phase_names,
        tenants: &tenants,
        tiers: &tiers,
        tasks: &tasks,
        chains: &chains,
    };
    let read = |line: &At<String>| match slo::parse(&line.value, &names) {
        Ok(slo) => Some(slo),
        Err(error) => {
            let mut problem = Problem::error(sink.source, &place(line, &error, sink), error.message);
            problem.help = error.help;
            sink.push(problem);
            None
        }
    };
    spec.slos.iter().filter_map(read).collect()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Name> {
    let mut list: Vec<Name> = names.map(Name::from).collect();
    list.sort();
    list.dedup();
    list
}

/// Where in the file the culprit of an assertion stands; the whole line if it is written in a roundabout way.
fn place(line: &At<String>, error: &SloError, sink: &Sink<'_>) -> Span {
    match verbatim(sink.source, &line.at, &line.value) {
        Some(start) if error.span.start <= error.span.end && error.span.end <= line.value.len() => {
            start + error.span.start..start + error.span.end
        }
        _ => line.at.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::source::Source;
    use crate::scenario::yaml::{self, Value};

    /// What of the file is underlined when bytes 3 to 9 of an assertion are wrong.
    fn underlined(written: &str) -> String {
        let source = Source::new(&format!("- {written}\n"));
        let (tree, _) = yaml::parse(&source).unwrap();
        let Value::List(list) = tree.value else { panic!("a list") };
        let sink = Sink::new(&source, Vec::new());
        let line = sink.text(&list[0]).unwrap();
        let error = SloError { span: 3..9, message: String::new(), help: None };
        source.slice(&place(&line, &error, &sink)).to_owned()
    }

    #[test]
    fn the_culprit_is_underlined_also_inside_quotes() {
        assert_eq!(underlined("p95latenc < 4s"), "latenc");
        assert_eq!(underlined("'p95latenc < 4s'"), "latenc");
        assert_eq!(underlined("\"p95latenc < 4s\""), "latenc");
    }

    #[test]
    fn a_line_written_in_a_roundabout_way_is_underlined_as_a_whole() {
        assert_eq!(underlined("\"p95\\x6catenc < 4s\""), "\"p95\\x6catenc < 4s\"");
        assert_eq!(underlined("ab"), "ab");
    }
}
