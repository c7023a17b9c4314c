//! A conditional `UpdateItem`, alone or in a transaction.

use aws_sdk_dynamodb::{
    Client,
    error::{BuildError, SdkError},
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure, Update},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::Serialize;
use sightline_domain::{model::error::StorageError, ports::Written};
use std::collections::HashMap;

/// A `DynamoDB` item.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Changes to one item, and their condition.
pub(crate) struct Changes {
    table: String,
    key: Item,
    assignments: Vec<String>,
    removals: Vec<String>,
    condition: String,
    names: HashMap<String, String>,
    values: Item,
}

impl Changes {
    /// Changes to the item at `key`, under `condition`.
    pub(crate) fn new(table: &str, key: Item, condition: impl Into<String>) -> Self {
        Self {
            table: table.to_owned(),
            key,
            assignments: Vec::new(),
            removals: Vec::new(),
            condition: condition.into(),
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// Sets every attribute of `item`.
    pub(crate) fn set_all(mut self, item: Item) -> Self {
        for (name, value) in item {
            self = self.set(&name, value);
        }
        self
    }

    /// Sets one attribute.
    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let index = self.names.len();
        self.names.insert(format!("#a{index}"), name.to_owned());
        self.values.insert(format!(":a{index}"), value);
        self.assignments.push(format!("#a{index} = :a{index}"));
        self
    }

    /// Sets one attribute to a string.
    pub(crate) fn set_text(self, name: &str, value: &str) -> Self {
        self.set(name, AttributeValue::S(value.to_owned()))
    }

    /// Adds one to a number; a missing attribute counts as zero.
    pub(crate) fn increment(mut self, name: &str) -> Self {
        self.assignments.push(format!("{name} = if_not_exists({name}, :zero) + :one"));
        self.value(":zero", AttributeValue::N("0".into())).value(":one", AttributeValue::N("1".into()))
    }

    /// Removes attributes.
    pub(crate) fn remove(mut self, names: &[&str]) -> Self {
        self.removals.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Sets a placeholder of the condition.
    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    /// Sets a placeholder of the condition to a string.
    pub(crate) fn text(self, placeholder: &str, value: &str) -> Self {
        self.value(placeholder, AttributeValue::S(value.to_owned()))
    }

    fn expression(&self) -> String {
        let clause = |verb: &str, parts: &[String]| (!parts.is_empty()).then(|| format!("{verb} {}", parts.join(", ")));
        let clauses = [clause("SET", &self.assignments), clause("REMOVE", &self.removals)];
        clauses.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The update as a part of a transaction. If the condition fails, the error contains the item.
    pub(crate) fn into_update(self) -> Result<Update, BuildError> {
        Update::builder()
            .update_expression(self.expression())
            .table_name(self.table)
            .set_key(Some(self.key))
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
    }

    /// Sends the update. If the condition fails, it returns [`Written::Refused`].
    pub(crate) async fn send(self, client: &Client, doing: &'static str) -> Result<Written, StorageError> {
        let sent: Result<_, SdkError<UpdateItemError, HttpResponse>> = client
            .update_item()
            .update_expression(self.expression())
            .table_name(self.table)
            .set_key(Some(self.key))
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(self.values))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Written::Yes),
            Err(error) if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) => {
                Ok(Written::Refused)
            }
            Err(error) => Err(crate::classify::storage(doing, error)),
        }
    }
}

/// Serialises a value as an item.
pub(crate) fn to_item(doing: &'static str, value: impl Serialize) -> Result<Item, StorageError> {
    serde_dynamo::to_item(value).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })
}
