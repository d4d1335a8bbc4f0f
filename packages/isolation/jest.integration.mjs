import { integration } from '../../jest.base.mjs';

export default integration;
