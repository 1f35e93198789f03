export { type FrontendError } from '../errors.ts';
export { type InflightDescription } from '../message.ts';
export { VHOST_USER_PROTOCOL_F } from '../spec.ts';
export { type InflightFile } from './answers.ts';
export {
  type BackendOffer,
  FRONTEND_PROTOCOL_FEATURES,
  Frontend,
  type FrontendOptions,
  type FrontendRegion,
  type FrontendRing,
  type Reply,
} from './frontend.ts';
