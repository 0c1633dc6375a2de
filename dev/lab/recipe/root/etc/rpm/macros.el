%_dbpath /var/lib/rpm
%dist .el9
%rhel 9
