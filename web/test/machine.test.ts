import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isTaken, outcomes } from '../src/lib/machine.ts';
import { MACHINE } from '../src/lib/machine.generated.ts';
import { generated } from '../tools/state-machine.mjs';

const asl = JSON.parse(readFileSync(new URL('../../statemachine/image-analysis.asl.json', import.meta.url), 'utf8')) as Region;
interface Region {
  States: Record<string, { Branches?: Region[]; Catch?: { Next: string }[] }>;
}
const names = (region: Region): string[] => Object.entries(region.States).flatMap(([name, { Branches = [] }]) => [name, ...Branches.flatMap(names)]);
const edge = (from: string | null, to: string | null): (typeof MACHINE.edges)[number] => MACHINE.edges.find((one) => one.from === from && one.to === to)!;

describe('the generated drawing', () => {
  test('is that of statemachine/image-analysis.svg: run node tools/state-machine.mjs', () => {
    expect(readFileSync(new URL('../src/lib/machine.generated.ts', import.meta.url), 'utf8')).toBe(generated());
  });

  test('has every state of the definition', () => {
    expect(MACHINE.states.map(({ name }) => name).sort()).toEqual(names(asl).sort());
  });

  test('has an edge for every Catch', () => {
    const caught = Object.entries(asl.States).flatMap(([name, { Catch = [] }]) => Catch.map(({ Next }) => `${name} ${Next}`));
    expect(MACHINE.edges.filter(({ kind }) => kind === 'catch').map(({ from, to }) => `${from} ${to}`).sort()).toEqual(caught.sort());
  });
});

describe('outcomes', () => {
  const failed = [
    { name: 'InspectImage', outcome: 'SUCCEEDED' },
    { name: 'DetectLabels', outcome: 'SUCCEEDED' },
    { name: 'PersonFound', outcome: 'SUCCEEDED' },
    { name: 'AnalyzeFaces', outcome: 'FAILED', error: 'Storage.NotFound' },
    { name: 'ModerateImage', outcome: 'RUNNING' },
  ];

  test('a Parallel state fails with its branch', () => {
    const found = outcomes(MACHINE, failed);
    expect([found.get('FollowUps'), found.get('AnalyzeImage'), found.get('StoreRecord')]).toEqual(['failed', 'failed', 'unreached']);
  });

  test('a listed Parallel state keeps what the API says', () => {
    expect(outcomes(MACHINE, [...failed, { name: 'AnalyzeImage', outcome: 'CAUGHT', error: 'Recognition.Refused' }]).get('AnalyzeImage')).toBe('caught');
  });

  test('edges are taken up to the failure', () => {
    const found = outcomes(MACHINE, failed);
    expect(isTaken(edge(null, 'InspectImage'), found, failed)).toBe(true);
    expect(isTaken(edge('PersonFound', 'AnalyzeFaces'), found, failed)).toBe(true);
    expect(isTaken(edge('PersonFound', 'NoPerson'), found, failed)).toBe(false);
    expect(isTaken(edge('AnalyzeImage', 'AlertNeeded'), found, failed)).toBe(false);
  });

  test('a caught error goes along the edge with its name', () => {
    const rejected = [
      { name: 'InspectImage', outcome: 'CAUGHT', error: 'Image.Rejected' },
      { name: 'RecordRejection', outcome: 'SUCCEEDED' },
      { name: 'ImageRejected', outcome: 'SUCCEEDED' },
    ];
    const found = outcomes(MACHINE, rejected);
    expect(MACHINE.edges.filter((one) => isTaken(one, found, rejected)).map(({ from, to }) => `${from} ${to}`)).toEqual([
      'InspectImage RecordRejection',
      'RecordRejection ImageRejected',
      'null InspectImage',
    ]);
  });

  test('a choice that is not listed was made if one of its ways was taken', () => {
    const found = outcomes(MACHINE, [{ name: 'AnalyzeFaces', outcome: 'DONE' }]);
    expect([found.get('PersonFound'), found.get('TextFound')]).toEqual(['succeeded', 'unreached']);
  });

  test('a state that the drawing does not know is left out', () => {
    expect(outcomes(MACHINE, [{ name: 'NewState', outcome: 'FAILED' }]).has('NewState')).toBe(false);
  });
});
