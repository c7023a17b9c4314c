import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { DataKey } from './data-key.ts';
import type { Environment } from './environment.ts';
import { grantItems, tableProps } from './tables.ts';
import type { TaskFunction } from './task-function.ts';

export interface TrendCountersProps {
  readonly environment: Environment;
  readonly dataKey: DataKey;
}

/** The table of what was counted: labels by week, outcomes by day; and what each image has been counted as. */
export class TrendCounters extends Construct {
  readonly table: Table;
  private readonly dataKey: DataKey;

  constructor(scope: Construct, id: string, props: TrendCountersProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    this.table = new Table(this, 'Table', {
      ...tableProps(props.environment, props.dataKey),
      partitionKey: { name: 'Counter', type: AttributeType.STRING },
      sortKey: { name: 'Name', type: AttributeType.STRING },
    });
  }

  /** Lets the function count, in transactions, and tells it the table. */
  grantCount(grantee: TaskFunction): void {
    this.grant(grantee, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem');
  }

  /** Lets the function read counters, and tells it the table. */
  grantRead(grantee: TaskFunction): void {
    this.grant(grantee, 'dynamodb:Query');
  }

  private grant(grantee: TaskFunction, ...actions: `dynamodb:${string}`[]): void {
    grantItems(grantee, this.table, this.dataKey, ...actions);
    grantee.fn.addEnvironment('TRENDS_TABLE', this.table.tableName);
  }
}
