import { integration, measured } from '../../jest.base.mjs';

export default measured(integration, 'integration');
