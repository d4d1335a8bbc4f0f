import base from '../../eslint.config.mjs';
export default base.map((c) => c.languageOptions?.parserOptions?.project ? { ...c, languageOptions: { ...c.languageOptions, parserOptions: { ...c.languageOptions.parserOptions, project: ['packages/review/tsconfig.test.json'] } } } : c);
