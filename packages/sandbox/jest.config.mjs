import { measured, unit } from '../../jest.base.mjs';

export default measured(unit, 'unit');
