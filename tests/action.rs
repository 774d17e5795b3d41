//! Actions: several requests in one, and which of those proposed may be chosen.

use aquiline::action::{Action, ActionSpace, Category, Origin};
use proptest::prelude::*;

fn action(text: &str, origin: Origin) -> Action {
    Action { text: text.into(), category: Category::Theme, origin }
}

fn proposed() -> Vec<Action> {
    let origin = |number| if number < 8 { Origin::Generic } else { Origin::Personalised };
    (0..16).map(|number| action(&format!("Edit {number}."), origin(number))).collect()
}

#[test]
fn a_macro_action_asks_for_each_of_its_requests_also_those_of_macro_actions() {
    let both = Action::at_once(&[action("One.", Origin::Generic), action("Two.", Origin::Personalised)]);
    let all = Action::at_once(&[both.clone(), action("Three.", Origin::Generic)]);
    assert_eq!(all.requests().collect::<Vec<_>>(), ["One.", "Two.", "Three."]);
    assert_eq!((all.origin, all.category), (Origin::Personalised, Category::Theme));
    assert_eq!(Action::at_once(&[]).requests().count(), 0);
}

#[test]
fn a_hostile_list_is_cut() {
    let list = "- more\n".repeat(100_000);
    assert!(action(&list, Origin::Generic).requests().count() <= 16);
}

#[test]
fn the_generic_space_has_nothing_written_for_the_user() {
    let actions = ActionSpace::Generic.of(proposed(), 0);
    assert_eq!(actions, proposed()[..8]);
    assert_eq!(ActionSpace::All.of(proposed(), 0), proposed());
}

#[test]
fn the_combined_space_has_as_many_actions_of_which_a_quarter_are_macro() {
    let actions = ActionSpace::Combined.of(proposed(), 0);
    assert_eq!(actions.len(), 16);
    let macros: Vec<&Action> = actions.iter().filter(|action| action.requests().count() > 1).collect();
    assert_eq!(macros.len(), 4);
    let known = |request: &str| proposed().iter().any(|action| action.text == request);
    assert!(macros.iter().all(|action| action.requests().count() == 3 && action.requests().all(known)));
    assert_eq!(actions, ActionSpace::Combined.of(proposed(), 0), "equal seeds draw equal ones");
    assert_ne!(actions, ActionSpace::Combined.of(proposed(), 1));
}

proptest! {
    #[test]
    fn any_text_is_at_least_readable(text in any::<String>(), count in 0..6_usize) {
        let actions = vec![action(&text, Origin::Generic); count];
        let together = Action::at_once(&actions);
        prop_assert!(together.requests().count() <= 16);
        prop_assert!(ActionSpace::Combined.of(actions, 0).len() == count);
    }
}
