export { DescriptorList, Descriptors } from './descriptors.ts';
export { type Greeting, HAND_OVER_VERSION, Predecessor, type Readiness } from './predecessor.ts';
export { readSession, sessionMessage } from './session-message.ts';
export { type Greeted, Successor, type TakenOver } from './successor.ts';
