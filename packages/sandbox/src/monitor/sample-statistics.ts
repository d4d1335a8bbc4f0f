import { SAMPLE_METRICS, type SampleMetric, type SandboxSample } from './sample.js';

/** One number per metric; absent where no sample had it. */
export type SampleSummary = { readonly [Metric in SampleMetric]?: number };

/** Averages and peaks over all samples, in constant memory. */
export class SampleStatistics {
  readonly #sums = new Map<SampleMetric, { sum: number; count: number; peak: number }>();

  add(sample: SandboxSample): void {
    for (const metric of SAMPLE_METRICS) {
      const value = sample[metric];
      if (value === undefined) continue;
      const { sum, count, peak } = this.#sums.get(metric) ?? { sum: 0, count: 0, peak: value };
      this.#sums.set(metric, { sum: sum + value, count: count + 1, peak: Math.max(peak, value) });
    }
  }

  get averages(): SampleSummary {
    return Object.fromEntries([...this.#sums].map(([metric, { sum, count }]) => [metric, sum / count]));
  }

  get peaks(): SampleSummary {
    return Object.fromEntries([...this.#sums].map(([metric, { peak }]) => [metric, peak]));
  }
}
