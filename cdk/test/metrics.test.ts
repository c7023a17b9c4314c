import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CDK_FOLDER, resourceOf, resourcesOf, templatesOf } from './app.ts';

const TABLE = readFileSync(join(CDK_FOLDER, '../crates/kit/src/metrics.rs'), 'utf8');

/** By which dimensions the functions send each metric, as far as anybody here looks. */
const SENT = new Map(
  [...TABLE.matchAll(/= "(\w+)", \w+, by (Deployment|Outcome);/g)].map(([, name, by]): [string, string] => [name ?? '', by === 'Outcome' ? 'Deployment,Outcome' : 'Deployment']),
);

/** The metrics of ours that alarms and the dashboard are about: name and dimensions. */
function wanted(): [string, string][] {
  const { stateless } = templatesOf();
  const alarms = resourcesOf(stateless, 'AWS::CloudWatch::Alarm')
    .map(([, { Properties }]) => Properties as { Namespace?: string; MetricName?: string; Dimensions?: { Name: string }[] })
    .filter(({ Namespace }) => Namespace === 'sightline')
    .map(({ MetricName, Dimensions }): [string, string] => [MetricName ?? '', (Dimensions ?? []).map(({ Name }) => Name).join()]);
  const body = JSON.stringify(resourceOf(stateless, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties).replaceAll('\\', '');
  const shown = [...body.matchAll(/\["sightline","(\w+)","(\w+)","sightline"(?:,"(\w+)","\w+")?/g)].map(([, name, ...dimensions]): [string, string] => [
    name ?? '',
    // A group that took no part is undefined, whatever the types say.
    dimensions.filter(Boolean).join(),
  ]);
  return [...alarms, ...shown];
}

describe('the metrics that alarms and the dashboard are about', () => {
  test('are sent by the functions, by the same dimensions', () => {
    const metrics = wanted();
    expect(metrics).toHaveLength(4 + 4 + 3 + 2 + 4 + 4 + 1 + 1);
    for (const [name, dimensions] of metrics) expect([name, dimensions]).toEqual([name, SENT.get(name)]);
  });
});
