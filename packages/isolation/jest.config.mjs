import { unit } from '../../jest.base.mjs';

export default unit;
