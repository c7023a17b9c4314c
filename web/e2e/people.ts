// The users of the tests. Each test file creates its own accounts, so that it starts without photos of an earlier run.
import { randomUUID } from 'node:crypto';
import { expect, type Page } from '@playwright/test';
import { accounts } from './stack.ts';

export interface Person {
  readonly email: string;
  readonly password: string;
}

/** Creates an account in these groups. */
export async function person(name: string, groups: readonly ('reviewers' | 'operators')[] = []): Promise<Person> {
  const email = `${name}-${randomUUID().slice(0, 8)}@example.com`;
  const password = `${name} likes photos`.padEnd(12, '!');
  const attributes = { email, email_verified: 'true' };
  await accounts('AdminCreateUser', { Username: email, MessageAction: 'SUPPRESS', UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })) });
  await accounts('AdminSetUserPassword', { Username: email, Password: password, Permanent: true });
  for (const group of groups) await accounts('AdminAddUserToGroup', { Username: email, GroupName: group });
  return { email, password };
}

/** Opens the page and signs in by the sign-in page; ends at Photos. */
export async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#username').fill(email);
  await page.locator('#password').fill(password);
  await page.locator('button[type=submit], input[type=submit], button').first().click();
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
}

/** The sentence beside each file of the upload page, by its name. */
export function card(page: Page, name: string) {
  return page.getByRole('listitem', { name, exact: true });
}

/** Gives files to the upload page, as its button does. */
export async function choose(page: Page, files: Parameters<ReturnType<Page['locator']>['setInputFiles']>[0]): Promise<void> {
  await page.locator('input[type=file]').first().setInputFiles(files);
}

/** Collects what the browser reports: errors of scripts, and everything that the content security policy refused. */
export function problemsOf(page: Page): string[] {
  const found: string[] = [];
  page.on('pageerror', (error) => found.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|TrustedHTML|Trusted Type/i.test(message.text())) found.push(message.text());
  });
  return found;
}
