import { BillingMode, TableEncryption, type Table, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { DataKey } from './data-key.ts';
import { removalPolicyOf, type Environment } from './environment.ts';
import type { TaskFunction } from './task-function.ts';

/** What all of our tables have in common: on demand, encrypted with our key, recoverable, expiring, hard to delete. */
export function tableProps(environment: Environment, dataKey: DataKey): Omit<TableProps, 'partitionKey'> {
  return {
    billingMode: BillingMode.PAY_PER_REQUEST,
    deletionProtection: environment.keepData,
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: dataKey.key,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: removalPolicyOf(environment),
    timeToLiveAttribute: 'ExpiresAt',
  };
}

/** Lets the function do this with the items of a table, and with nothing else of it: Table.grant would add all of its indexes. */
export function grantItems(grantee: TaskFunction, table: Table, dataKey: DataKey, ...actions: `dynamodb:${string}`[]): void {
  Grant.addToPrincipal({ grantee, actions, resourceArns: [table.tableArn] });
  dataKey.grant(grantee, 'items');
}
