import { expect, test } from 'vitest';
import { Speed } from '../src/lib/upload/speed.ts';

test('the speed is that of the last seconds', () => {
  const speed = new Speed(2_000);
  speed.add(0, 0);
  expect(speed.rate).toBeNull();
  for (let second = 1; second <= 5; second++) speed.add(second * 1_000, second * 1_000);
  for (let second = 6; second <= 9; second++) speed.add(second * 1_000, 5_000 + (second - 5) * 4_000);
  expect(speed.rate).toBe(4_000);
  expect(speed.secondsFor(10_000)).toBe(3);
});

test('a removed file does not give a negative speed', () => {
  const speed = new Speed();
  speed.add(0, 5_000);
  speed.add(1_000, 9_000);
  speed.add(2_000, 1_000);
  expect(speed.rate).toBeNull();
});

test('a connection at a standstill gives no time left', () => {
  const speed = new Speed();
  speed.add(0, 100);
  speed.add(3_000, 100);
  expect(speed.secondsFor(10)).toBeNull();
});
