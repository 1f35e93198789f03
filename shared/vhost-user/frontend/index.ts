export { type FrontendError } from '../errors.ts';
export { type InflightDescription, type LogDescription } from '../message.ts';
export { VHOST_USER_PROTOCOL_F } from '../spec.ts';
export { type InflightFile } from './answers.ts';
export {
  type BackendOffer,
  FRONTEND_PROTOCOL_FEATURES,
  Frontend,
  type FrontendOptions,
  type FrontendRegion,
  type FrontendRing,
  type LoggedRing,
  type Reply,
} from './frontend.ts';
