// The element, used as its documentation says: it needs the types of a page. This is compiled and never run.
import { defineIdeas, type Idea, type IdeasElement } from 'aquiline/ideas';

defineIdeas();
defineIdeas('my-ideas');

const element: IdeasElement = document.createElement('aquiline-ideas');
element.visitorRatings = [{ item: 'a', value: 4 }];
element.options = { device: 'cpu' };
element.steering = { horizon: 2 };
element.addEventListener('aquiline-idea', ({ detail }) => console.log(detail.item.title, detail.gain));
// @ts-expect-error It is told by the element only.
element.state = 'done';

export const ideas: readonly Idea[] = element.ideas;
