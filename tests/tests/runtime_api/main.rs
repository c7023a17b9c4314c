//! Every function's real program, served by a Lambda Runtime API of ours, with the local stack behind it.

mod answers;
mod errors;
mod faults;
mod function;
mod image;
mod local;
mod logs;
mod runtime;
mod settings;
mod storing;
