//! The store keeps its promises, and none of the defects of what it is built on.

mod city;
mod database;
mod defects;
mod stores;
mod tally;
