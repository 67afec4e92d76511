//! What every transport of the bus promises, as one suite.
