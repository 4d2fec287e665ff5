//! A tool is called that there is not.

use crate::dialect::{Answer, Ask, Format, Part};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "wrong_tool",
    family: Family::Content,
    about: "A tool is called that was not offered; answers that call none are left alone.",
    example: "wrong_tool",
    takes: &[],
    make: Make::Act(|_| Arc::new(WrongTool)),
};

#[derive(Debug)]
struct WrongTool;

impl Act for WrongTool {
    fn say(&self, answer: &mut Answer, ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        let call = answer.parts.iter_mut().find_map(|part| match part {
            Part::Call { name, .. } => Some(name),
            Part::Text(_) => None,
        });
        call.is_some_and(|name| {
            name.push_str("_v2");
            while ask.tools.iter().any(|tool| tool.name == *name) {
                name.push_str("_v2");
            }
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Finish, Tool};
    use crate::luck::Luck;

    #[test]
    fn the_tool_that_is_called_was_never_offered() {
        let tool = |name: &'static str| Tool { name: name.into(), parameters: None };
        let ask = Ask { tools: vec![tool("weather"), tool("weather_v2")], ..Ask::default() };
        let spoil = |part| {
            let mut answer = Answer::new(vec![part], Finish::ToolCall);
            let mut draw = Luck::new(1).draw("schema", &[], &[]);
            let spoilt = WrongTool.say(&mut answer, &ask, Dialect::OpenAi.format(), &mut draw);
            (spoilt, answer.parts.remove(0))
        };
        let call = |name: &str| Part::Call { name: name.into(), arguments: "{}".into() };
        assert_eq!(spoil(call("weather")), (true, call("weather_v2_v2")));
        assert_eq!(spoil(Part::Text("hi".into())), (false, Part::Text("hi".into())));
    }
}
